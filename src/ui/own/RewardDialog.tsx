import { useEffect, useId, useState } from 'react';
import { largestReward, type RewardOutcome } from '../../spec/reward.ts';
import { setKnob } from '../../store/actions.ts';
import { lab } from '../../store/lanes.ts';
import { checkReward, type Sample, sampleOf } from './checkReward.ts';
import { CodeEditor } from './CodeEditor.tsx';
import { OwnDialog, refusalOf } from './OwnDialog.tsx';
import { rewardExamples } from './rewardExamples.ts';
import type { TextDialogProps } from './textDialog.ts';

/** A check follows the last keystroke by this long. */
const pauseMs = 300;

/** A reward of one's own, tried on rollouts while it is written. */
export function RewardDialog({ id, knob, value, onClose }: TextDialogProps) {
  const [text, setText] = useState(value);
  // What was recorded when the editor was opened: rewards that change by themselves can't be read.
  const [sample] = useState<Sample>(() => {
    const { lanes, selected } = lab.getState();
    const lane = lanes[selected];
    return lane === undefined ? { from: '', inputs: [] } : sampleOf(lane);
  });
  const [checked, setChecked] = useState<{ readonly text: string; readonly outcome: RewardOutcome } | null>(
    null,
  );
  const [refusal, setRefusal] = useState<string | null>(null);
  const verdict = useId();

  useEffect(() => {
    let stale = false;
    const timer = setTimeout(() => {
      void checkReward(text, sample.inputs).then((outcome) => {
        if (!stale) setChecked({ text, outcome });
      });
    }, pauseMs);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [text, sample]);

  const use = async (): Promise<boolean> => {
    const outcome = await checkReward(text, sample.inputs);
    setChecked({ text, outcome });
    if ('fault' in outcome) return false;
    setKnob(id, text);
    setRefusal(refusalOf(id));
    return refusalOf(id) === null;
  };

  const outcome = checked?.outcome ?? null;
  const current = checked?.text === text;
  const fault = outcome !== null && 'fault' in outcome && current ? outcome.fault : null;
  const rewards = outcome !== null && 'rewards' in outcome && text !== '' ? outcome.rewards : [];
  return (
    <OwnDialog
      id={id}
      title={knob.label}
      dirty={text !== value}
      obstacle={fault?.sentence ?? null}
      onUse={use}
      onClose={onClose}
    >
      <p>
        A function <code>reward</code> that is told{' '}
        <code>{'{ prompt, completion, answer, pseudoLabel, agreement }'}</code> of each policy rollout and
        returns a number from −{largestReward} to {largestReward}. <code>answer</code> and{' '}
        <code>pseudoLabel</code> can be <code>null</code>. It has no network, clock or chance, and forgets
        everything after each step. Empty: the algorithm’s own reward.
      </p>
      <label className="own-examples">
        Start from an example{' '}
        <select
          value=""
          onChange={(event) => {
            const example = rewardExamples.find(({ title }) => title === event.target.value);
            if (example !== undefined) setText(example.code);
          }}
        >
          <option value="">choose…</option>
          {rewardExamples.map(({ title }) => (
            <option key={title}>{title}</option>
          ))}
        </select>
      </label>
      <CodeEditor
        text={text}
        format={knob.format}
        faultLine={fault?.line ?? null}
        label={knob.label}
        describedBy={verdict}
        onChange={setText}
      />
      <p id={verdict} className="own-verdict" data-bad={fault !== null || refusal !== null} role="status">
        {refusal ??
          (fault !== null
            ? `${fault.line === null ? '' : `Line ${String(fault.line)}. `}${fault.sentence}`
            : !current
              ? 'Checking …'
              : text === ''
                ? 'Empty: the algorithm’s own reward.'
                : rewards.length === 0
                  ? 'It can be read; there are no rollouts yet to try it on.'
                  : `It works on ${String(rewards.length)} rollouts.`)}
      </p>
      {rewards.length === 0 ? null : (
        <div
          className="own-rewards"
          tabIndex={0}
          role="region"
          aria-label="Rewards of rollouts"
          data-old={!current}
        >
          <table>
            <caption>Tried on: {sample.from}</caption>
            <thead>
              <tr>
                <th scope="col">completion</th>
                <th scope="col">answer</th>
                <th scope="col">pseudo-label</th>
                <th scope="col">reward</th>
              </tr>
            </thead>
            <tbody>
              {sample.inputs.map(({ completion, answer, pseudoLabel }, i) => (
                <tr key={i}>
                  <td>
                    <code>{completion}</code>
                  </td>
                  <td>{answer === null ? 'none' : <code>{answer}</code>}</td>
                  <td>{pseudoLabel === null ? 'none' : <code>{pseudoLabel}</code>}</td>
                  <td className="number">{shown(rewards[i])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </OwnDialog>
  );
}

function shown(reward: number | undefined): string {
  return reward === undefined ? '' : String(Number(reward.toPrecision(4)));
}
