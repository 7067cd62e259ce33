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
 * Chooses and checks the kernels of a lane.
 * @param given kernels from a record
 * @throws LabError where it can't be trained here
 */
export async function planLane<Lane extends LaneSetup>(
  gpu: Gpu,
  kernels: Kernels,
  lane: Lane,
  given: Plan | null = null,
): Promise<Lane & PlannedLane> {
  const model = readModelFolder(lane.settings.model);
  return { ...lane, plan: await preparePlan(gpu, kernels, model, lane.settings, fileMemory, given) };
}

/** As `planLane`, all of them before any is trained. */
export async function planLanes(
  gpu: Gpu,
  kernels: Kernels,
  lanes: readonly LaneSetup[],
  given: Plan | null = null,
): Promise<PlannedLane[]> {
  const planned: PlannedLane[] = [];
  for (const lane of lanes) planned.push(await planLane(gpu, kernels, lane, given));
  return planned;
}
