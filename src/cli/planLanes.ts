import type { Plan } from '../engine/plan.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import type { LaneSetup } from '../settings/presets.ts';
import { preparePlan } from '../trainer/prepare.ts';
import { fileMemory } from './fileMemory.ts';
import { readModelFolder } from './modelFolder.ts';

/** A lane with the kernels that it trains with. */
export interface PlannedLane extends LaneSetup {
  readonly plan: Plan;
}

/**
 * Chooses and checks the kernels of each lane.
 * @param given kernels for all of them, from a record
 * @throws LabError where a lane can't be trained here
 */
export async function planLanes(
  gpu: Gpu,
  kernels: Kernels,
  lanes: readonly LaneSetup[],
  given: Plan | null = null,
): Promise<PlannedLane[]> {
  const planned: PlannedLane[] = [];
  for (const lane of lanes) {
    const model = readModelFolder(lane.settings.model);
    const plan = await preparePlan(gpu, kernels, model, lane.settings, fileMemory, given);
    planned.push({ ...lane, plan });
  }
  return planned;
}
