import type { LaneSetup } from '../settings/presets.ts';
import { scriptFiles } from '../settings/scripts/laneScripts.ts';
import { zipOf } from './zip.ts';

/** The settings of lanes as scripts for other trainers, a folder each, in a zip. */
export function scriptsZip(lanes: readonly LaneSetup[]): Blob {
  const placed = (['trl', 'verl'] as const).flatMap((trainer) =>
    Object.entries(scriptFiles(trainer, lanes)).map(([name, text]) => [`${trainer}/${name}`, text] as const),
  );
  return zipOf(Object.fromEntries(placed));
}
