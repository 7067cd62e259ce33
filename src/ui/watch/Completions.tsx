import { useEffect, useState } from 'react';
import type { CompletionGroup } from '../../records/completions/groups.ts';
import { LabError } from '../../lib/labError.ts';
import type { CompletionsOutline } from '../../store/logShelf.ts';
import { pin } from '../../store/view.ts';
import { completionsAt, findAnswersBy, type WatchedRun } from '../../store/watch.ts';
import { counted, formatCount, formatValue } from '../format.ts';
import { VoteBars } from '../rollouts/VoteBars.tsx';
import { useView } from '../useStore.ts';
import { AnswerForm } from './AnswerForm.tsx';
import './completions.css';

interface Props {
  readonly run: WatchedRun;
  readonly told: CompletionsOutline;
}

/** What a run's model wrote, a prompt at a time, at the step that is shown: the vote on it, and every completion. */
export function Completions({ run, told }: Props) {
  const pinned = useView((view) => view.pinned);
  const [index, setIndex] = useState(0);
  const { group, problem } = useGroup(run, pinned, index);
  const truthHidden = useView((view) => view.truthHidden);
  const untold = truthHidden ? (run.mapping['truth/accuracy']?.column ?? null) : null;
  const titleId = `completions-${run.id}`;
  return (
    <section
      className={`rollouts told card lane-${run.lane?.slot ?? 0}`}
      aria-labelledby={titleId}
      data-step={group?.step}
    >
      <header>
        <h2 id={titleId}>
          <span className="swatch" aria-hidden="true" />
          Completions of {run.name}
        </h2>
        <Turns told={told} group={group} onPrompt={setIndex} />
        <AnswerForm wanted={told.wanted} onFind={(form) => findAnswersBy(run.id, form)} />
      </header>
      <p className="unit told-notes">{told.notes.join(' ')}</p>
      {problem === null ? null : <p role="alert">{problem}</p>}
      {group === null ? null : (
        <div className="rollout-body">
          <div className="scroll" tabIndex={0} role="group" aria-label="Prompt and vote">
            <Prompt text={group.prompt} />
            <VoteBars
              truthHidden
              group={votedOf(group)}
              winner="most votes"
              caption={`vote of ${counted(group.answers.length, 'completion')}`}
            />
          </div>
          <div className="scroll" tabIndex={0} role="group" aria-label="Completions of the prompt">
            <Texts key={`${group.step} ${group.index}`} group={group} untold={untold} />
          </div>
        </div>
      )}
    </section>
  );
}

interface Loaded {
  readonly group: CompletionGroup | null;
  readonly problem: string | null;
}

/** The completions of a prompt, from the worker that keeps them; what was shown stays until they are there. */
function useGroup({ id, log }: WatchedRun, step: number | null, index: number): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ group: null, problem: null });
  useEffect(() => {
    let wanted = true;
    completionsAt(id, step, index)
      .then((group) => ({ group, problem: null }))
      .catch((error: unknown) => {
        if (!(error instanceof LabError)) throw error;
        return { group: null, problem: `${error.message} ${error.remedy}` };
      })
      .then((now) => {
        if (wanted) setLoaded(now);
      }, reportError);
    return () => {
      wanted = false;
    };
    // A log that was read anew may have others.
  }, [id, log, step, index]);
  return loaded;
}

function votedOf({ prompt, pseudoLabel, answers }: CompletionGroup) {
  return {
    prompt,
    pseudoLabel,
    solution: null,
    rollouts: answers.map((answer) => ({ answer, votes: true, source: 'policy' as const })),
  };
}

interface TurnsProps {
  readonly told: CompletionsOutline;
  readonly group: CompletionGroup | null;
  readonly onPrompt: (index: number) => void;
}

/** To the steps before and after that have completions, and to the other prompts of the step. */
function Turns({ told: { steps }, group, onPrompt }: TurnsProps) {
  const at = group === null ? -1 : steps.indexOf(group.step);
  const [before, after] = [steps[at - 1], steps[at + 1]];
  return (
    <span className="told-turns">
      <Turn label="Earlier step" sign="‹" to={at < 0 ? undefined : before} onTurn={pin} />
      <span className="unit">{group === null ? 'step …' : `step ${group.step}`}</span>
      <Turn label="Later step" sign="›" to={at < 0 ? undefined : after} onTurn={pin} />
      <Turn
        label="Previous prompt"
        sign="‹"
        to={group === null || group.prompts < 2 ? undefined : group.index - 1}
        onTurn={onPrompt}
      />
      <span className="unit">
        {group === null ? 'prompt …' : `prompt ${group.index + 1} of ${formatCount(group.prompts)}`}
      </span>
      <Turn
        label="Next prompt"
        sign="›"
        to={group === null || group.prompts < 2 ? undefined : group.index + 1}
        onTurn={onPrompt}
      />
    </span>
  );
}

interface TurnProps {
  readonly label: string;
  readonly sign: string;
  readonly to: number | undefined;
  readonly onTurn: (to: number) => void;
}

function Turn({ label, sign, to, onTurn }: TurnProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      disabled={to === undefined}
      onClick={() => {
        if (to !== undefined) onTurn(to);
      }}
    >
      {sign}
    </button>
  );
}

function Prompt({ text }: { readonly text: string }) {
  return (
    <figure className="told-prompt">
      <figcaption className="unit">prompt</figcaption>
      <pre>{text}</pre>
    </figure>
  );
}

type Written = CompletionGroup['completions'][number];

/** What the files say of a completion in numbers, a column each. @param untold the log's column of a truth that is hidden */
function figuresOf(
  completions: readonly Written[],
  untold: string | null,
): readonly (readonly [string, (of: Written) => number])[] {
  const names = [...new Set(completions.flatMap(({ rewards }) => Object.keys(rewards)))].filter(
    (name) => untold !== name && untold?.split('/').includes(name) !== true,
  );
  const paid = completions.some(({ reward }) => !Number.isNaN(reward));
  const advantaged = completions.some(({ advantage }) => !Number.isNaN(advantage));
  return [
    ...(paid ? [['reward', ({ reward }: Written) => reward] as const] : []),
    // Of a single function all is said by the reward.
    ...(paid && names.length === 1 ? [] : names.slice(0, mostRewards)).map(
      (name) => [name, ({ rewards }: Written) => rewards[name] ?? NaN] as const,
    ),
    ...(advantaged ? [['advantage', ({ advantage }: Written) => advantage] as const] : []),
  ];
}

function Texts({ group, untold }: { readonly group: CompletionGroup; readonly untold: string | null }) {
  const { completions, answers } = group;
  const figures = figuresOf(completions, untold);
  return (
    <>
      <table className="completions told-texts">
        <thead>
          <tr>
            <th scope="col">completion</th>
            <th scope="col" className="told-answer">
              answer
            </th>
            {figures.map(([name]) => (
              <th key={name} scope="col" className="number-cell" title={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {completions.map((written, place) => (
            <tr key={place} data-winner={written.answer !== null && written.answer === group.pseudoLabel}>
              <td>
                <Text text={written.text} />
              </td>
              <td data-label="answer">
                {written.answer === null ? <em>none</em> : <code>{written.answer}</code>}
              </td>
              {figures.map(([name, of]) => (
                <td key={name} className="number-cell" data-label={name}>
                  {formatValue(of(written))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {answers.length === completions.length ? null : (
        <p className="unit">
          The first {completions.length} of {formatCount(answers.length)} are shown; all of them vote.
        </p>
      )}
    </>
  );
}

/** Most reward functions that have a column. */
const mostRewards = 4;

/** Characters that are shown of a long completion at first: its beginning, and its end, where the answer is. */
const [beginning, end] = [160, 160];

function Text({ text }: { readonly text: string }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > beginning + end + 80;
  return (
    <>
      <span className="told-text">
        {whole || !long ? text : `${text.slice(0, beginning)} … ${text.slice(-end)}`}
      </span>
      {long ? (
        <button
          type="button"
          className="quiet"
          aria-expanded={whole}
          onClick={() => {
            setWhole(!whole);
          }}
        >
          {whole ? 'Less' : `All ${formatCount(text.length)} characters`}
        </button>
      ) : null}
    </>
  );
}
