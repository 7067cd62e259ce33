import { LabError } from '../lib/labError.ts';
import { keepsAnchor } from '../settings/relevance.ts';
import type { WorkerLane } from './lane.ts';
import type { HeldModel, Side } from './protocol.ts';

/**
 * A copy of a model of a lane, between two of its steps.
 * @param step null: as it is; else as it was at the newest checkpoint not after it
 * @throws LabError `bad-setting` where there is no such model
 */
export async function heldModel(
  lane: WorkerLane | undefined,
  side: Side,
  step: number | null,
): Promise<HeldModel> {
  if (lane === undefined)
    throw new LabError('bad-setting', 'The lane is not there.', 'Try again once it is ready.');
  const { trainer, timeline } = lane;
  const { config, parameters } = trainer.engine;
  const { layout } = parameters;
  if (side === 'anchor' && !keepsAnchor(trainer.settings))
    throw new LabError('bad-setting', 'This lane keeps no anchor.', 'Choose its policy.');
  if (side === 'base')
    return { config, layout, step: 0, weights: await trainer.engine.readParameters('reference') };
  if (step === null)
    return { config, layout, step: trainer.step, weights: await trainer.engine.readParameters(side) };
  const checkpoint = timeline.checkpoints.before(step);
  if (checkpoint === null) {
    throw new LabError(
      'bad-setting',
      `The lane has no checkpoint of step ${step} or before any more.`,
      'Choose another.',
    );
  }
  return { config, layout, step: checkpoint.step, weights: checkpoint.state[side].slice() };
}
