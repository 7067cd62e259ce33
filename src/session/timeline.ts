import { checkpointBytes, type Checkpoint } from '../trainer/checkpoint.ts';
import { recordedBytes, type RecordedStep } from './recordedStep.ts';
import { Thinned } from './thinned.ts';

/** What the timeline of one lane may hold. */
const checkpointBudget = 64 * 2 ** 20;
const rolloutBudget = 32 * 2 ** 20;

/** What a lane recorded: where it can be forked, and its rollouts. */
export interface LaneTimeline {
  readonly checkpoints: Thinned<Checkpoint>;
  readonly rollouts: Thinned<RecordedStep>;
}

export function emptyTimeline(): LaneTimeline {
  return {
    checkpoints: new Thinned(checkpointBudget, heldBytes),
    rollouts: new Thinned(rolloutBudget, recordedBytes),
  };
}

/** A timeline up to a step: that of a run which goes on from there. */
export function timelineUntil({ checkpoints, rollouts }: LaneTimeline, step: number): LaneTimeline {
  return { checkpoints: checkpoints.until(step), rollouts: rollouts.until(step) };
}

/** The memory of checkpoints: each may be referred to by those after it. */
function heldBytes(checkpoints: readonly Checkpoint[]): number {
  const all = new Map(
    checkpoints.flatMap((each) => [each, ...each.earlier]).map((each) => [each.state.policy, each] as const),
  );
  return [...all.values()].reduce((sum, each) => sum + checkpointBytes(each), 0);
}
