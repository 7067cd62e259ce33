import * as v from 'valibot';
import { readRecord } from '../records/read.ts';
import type { RecordedRun } from '../records/building.ts';
import type { ShownGroup } from '../session/protocol.ts';

/** The rollouts of one step of one run: a group for each of its prompts. */
export interface RecordedRollouts {
  readonly run: number;
  readonly step: number;
  readonly groups: readonly ShownGroup[];
}

/** Runs that were trained elsewhere, with the rollouts of some of their steps. */
export interface Recorded {
  readonly runs: readonly RecordedRun[];
  readonly rollouts: readonly RecordedRollouts[];
}

/** JSON has no NaN. */
const figure = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN),
);
const rollout = v.object({
  source: v.picklist(['policy', 'voter', 'anchor', 'shadow']),
  pieces: v.array(v.string()),
  answer: v.nullable(v.string()),
  truncated: v.boolean(),
  reward: v.nullable(v.number()),
  advantage: v.nullable(v.number()),
  meanEntropy: v.number(),
  entropies: v.array(v.number()),
  logProbs: v.array(v.number()),
  kept: v.boolean(),
  votes: v.boolean(),
});
const line = v.object({
  type: v.literal('rollouts'),
  run: v.number(),
  step: v.number(),
  flags: v.array(
    v.object({
      wrongWinner: v.boolean(),
      unanimous: v.boolean(),
      pruned: v.boolean(),
      truncated: v.boolean(),
    }),
  ),
  prompts: v.array(
    v.object({
      prompt: v.string(),
      pseudoLabel: v.nullable(v.string()),
      solution: v.nullable(v.string()),
      threshold: figure,
      iqr: figure,
      rollouts: v.array(rollout),
    }),
  ),
});

/**
 * Reads what `node scripts/cli.mjs asExample` writes: a record, and lines of type `rollouts`.
 * @throws LabError for what is no record; ValiError for rollouts that are none
 */
export function readRecorded(text: string): Recorded {
  const lines = text.split('\n');
  const isRollouts = (each: string): boolean => each.startsWith('{"type":"rollouts"');
  const { runs } = readRecord(lines.filter((each) => !isRollouts(each)).join('\n'));
  return { runs, rollouts: lines.filter(isRollouts).map((each) => rolloutsOf(JSON.parse(each))) };
}

function rolloutsOf(json: unknown): RecordedRollouts {
  const { run, step, flags, prompts } = v.parse(line, json);
  const groups = prompts.map((prompt, index) => ({
    ...prompt,
    step,
    index,
    flags,
    earlier: [],
    rollouts: prompt.rollouts.map(({ reward, advantage, ...each }) => {
      // Of a policy's rollout null stands for NaN, of any other for none.
      const none = each.source === 'policy' ? NaN : null;
      return { ...each, reward: reward ?? none, advantage: advantage ?? none };
    }),
  }));
  return { run, step, groups };
}
