import type { Plan } from '../engine/plan.ts';
import type { Device } from '../host/host.ts';
import type { LaneSetup } from '../settings/presets.ts';
import { choosePlan } from '../trainer/prepare.ts';
import { nodeHost } from './host.ts';

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
  device: Device,
  lane: Lane,
  given: Plan | null = null,
): Promise<Lane & PlannedLane> {
  const { settings } = lane;
  const model = await nodeHost.loadModel(settings.model);
  const plan = await choosePlan(device.gpu, device.kernels, model, settings, nodeHost.memory, given);
  device.check(plan, nodeHost.memory);
  await device.ready();
  return { ...lane, plan };
}

/** As `planLane`, all of them before any is trained. */
export async function planLanes(
  device: Device,
  lanes: readonly LaneSetup[],
  given: Plan | null = null,
): Promise<PlannedLane[]> {
  const planned: PlannedLane[] = [];
  for (const lane of lanes) planned.push(await planLane(device, lane, given));
  return planned;
}
