import { TimedWorker } from '../../lib/timedWorker.ts';
import type { RewardInput, RewardOutcome, RewardQuestion } from '../../spec/reward.ts';
import { taskUnder } from '../../settings/task.ts';
import type { Lane } from '../../store/lanes.ts';
import { tally } from '../rollouts/votes.ts';

/** A check is about a handful of rollouts. */
const limitMs = 2000;

const worker = new TimedWorker<RewardQuestion, RewardOutcome>(
  () => new Worker(new URL('../../host/rewardWorker.ts', import.meta.url), { type: 'module', name: 'check' }),
  limitMs,
);

/** What a reward is tried on, and where that is from. */
export interface Sample {
  readonly from: string;
  readonly inputs: readonly RewardInput[];
}

/** The rollouts on show, or the task's worked examples before the first step. */
export function sampleOf({ group, settings, name }: Lane): Sample {
  if (group === null) {
    const { examples, name: task } = taskUnder(settings);
    const [first] = examples;
    const wrong = examples.find(({ answer }) => answer !== first?.answer) ?? first;
    const others =
      first === undefined || wrong === undefined
        ? []
        : [
            { ...wrong, prompt: first.prompt, pseudoLabel: first.answer },
            { ...first, completion: first.completion.slice(0, -1), answer: null, pseudoLabel: first.answer },
          ];
    const inputs = [...examples.map((each) => ({ ...each, pseudoLabel: each.answer })), ...others].map(
      ({ prompt, completion, answer, pseudoLabel }) => ({
        prompt,
        completion,
        answer,
        pseudoLabel,
        agreement: 1,
      }),
    );
    return {
      from: `worked examples of ${task}: right, wrong and cut off. After a step: its rollouts.`,
      inputs,
    };
  }
  const { step, prompt, pseudoLabel, rollouts } = group;
  const votes = tally(group).map(({ answer, policy, anchor }) => ({
    answer,
    count: policy + anchor,
  }));
  const all = votes.reduce((sum, { count }) => sum + count, 0);
  const agreement =
    pseudoLabel === null || all === 0
      ? null
      : (votes.find(({ answer }) => answer === pseudoLabel)?.count ?? 0) / all;
  return {
    from: `${name}, step ${String(step)}, prompt ${prompt}`,
    inputs: rollouts
      .filter(({ source }) => source === 'policy')
      .map(({ pieces, answer }) => ({
        prompt,
        completion: pieces.join(''),
        answer,
        pseudoLabel,
        agreement,
      })),
  };
}

/** Runs a reward where it can be ended. An empty one is the algorithm's own, which needs no check. */
export async function checkReward(code: string, inputs: readonly RewardInput[]): Promise<RewardOutcome> {
  if (code === '') return { rewards: [] };
  return (
    (await worker.ask({ code, inputs })) ?? {
      fault: {
        sentence: `It took longer than ${String(limitMs / 1000)} seconds, and was ended.`,
        line: null,
      },
    }
  );
}
