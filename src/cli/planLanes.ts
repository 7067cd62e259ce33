import { readFileSync } from 'node:fs';
import type { Plan } from '../engine/plan.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import type { Lane } from '../settings/presets.ts';
import { parsePlan, preparePlan } from '../trainer/prepare.ts';
import { fileMemory } from './fileMemory.ts';
import { readModelFolder } from './modelFolder.ts';

/** A lane with the kernels that it trains with. */
export interface PlannedLane extends Lane {
  readonly plan: Plan;
}

/**
 * Chooses and checks the kernels of each lane.
 * @param given kernels for all of them, from a record
 */
export async function planLanes(
  gpu: Gpu,
  kernels: Kernels,
  lanes: readonly Lane[],
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

/**
 * The kernels that a record of `npm run train` or the page names for its first lane.
 * @throws LabError `bad-file` where the file's first line names none
 */
export function planOfRecord(path: string): Plan {
  const refusal = (why: string, cause?: unknown): LabError =>
    new LabError(
      'bad-file',
      `--plan "${path}" ${why}.`,
      'Name a file written by npm run train -- --out, or exported from the page, by this version.',
      cause,
    );
  let header: unknown;
  try {
    header = JSON.parse(readFileSync(path, 'utf8').split('\n', 1)[0] ?? '');
  } catch (cause) {
    throw refusal(`can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const found = parsePlan(planIn(header));
  if (found === null) throw refusal('names no kernels that this version has');
  return found;
}

/** A header of the page has a plan, one of the command line has one in each lane. */
function planIn(header: unknown): unknown {
  if (typeof header !== 'object' || header === null) return null;
  if ('plan' in header) return header.plan;
  const lanes: unknown = 'lanes' in header ? header.lanes : null;
  const first: unknown = Array.isArray(lanes) ? lanes[0] : null;
  return typeof first === 'object' && first !== null && 'plan' in first ? first.plan : null;
}
