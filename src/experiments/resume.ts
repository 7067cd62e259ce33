import type { AdapterSummary } from '../gpu/device.ts';
import { diffSettings } from '../settings/settings.ts';
import type { RunSetup } from './declaration.ts';
import type { ReducedRun } from './reduced.ts';

/** Why a run that is there is not the one that is wanted, in words to follow "was made"; null where it is. */
export function otherwise(found: ReducedRun, wanted: RunSetup): string | null {
  const keys = Object.keys(diffSettings(found.settings, wanted.settings));
  return keys.length === 0 ? null : `with another ${keys.map((key) => `\`${key}\``).join(', ')}`;
}

/** An adapter in a line. */
export function adapterName({ vendor, architecture, description }: AdapterSummary): string {
  return `${vendor} ${architecture} · ${description}`;
}
