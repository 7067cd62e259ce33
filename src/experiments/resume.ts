import type { AdapterSummary } from '../gpu/device.ts';
import { diffSettings } from '../settings/settings.ts';
import type { RunSetup } from './declaration.ts';
import type { ReducedRun } from './reduced.ts';

/**
 * Why a run that is there is not the one that is wanted, in words to follow "was made"; null where it is. What a record
 * does not say is taken for equal.
 * @param adapter what a new run would be made on; null while that is not known
 */
export function otherwise(
  found: ReducedRun,
  wanted: RunSetup,
  adapter: AdapterSummary | null,
): string | null {
  const keys = Object.keys(diffSettings(found.settings, wanted.settings));
  if (keys.length > 0) return `with another ${keys.map((key) => `\`${key}\``).join(', ')}`;
  if (adapter === null || found.adapter === null || adapterName(found.adapter) === adapterName(adapter)) {
    return null;
  }
  return `on ${adapterName(found.adapter)}, and this is ${adapterName(adapter)}`;
}

/** An adapter in a line. */
export function adapterName({ vendor, architecture, description }: AdapterSummary): string {
  return `${vendor} ${architecture} · ${description}`;
}
