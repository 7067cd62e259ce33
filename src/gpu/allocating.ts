import type { LabError } from '../lib/labError.ts';
import type { Gpu } from './device.ts';
import { refusal } from './refusal.ts';

/**
 * Makes something that takes memory of a device: where there is none left, the others on the device go on, and nothing
 * of it is left.
 * @param make without waiting for anything
 * @param discard what was made of it, where it can't be used
 * @throws LabError `does-not-fit` where the device is out of memory, and what `make` throws
 */
export async function allocating<Made>(
  { device }: Pick<Gpu, 'device'>,
  make: () => Made,
  discard: (made: Made) => void,
): Promise<Made> {
  // What could not be allocated is refused wherever it is named: that is an echo of the first.
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  let made: Made;
  let refused: LabError | null;
  try {
    made = make();
  } finally {
    const errors = [device.popErrorScope(), device.popErrorScope()];
    refused = await first(errors);
  }
  if (refused === null) return made;
  discard(made);
  throw refused;
}

/** The first that there is. A device that is lost refuses nothing: whoever waits for it is told. */
async function first(errors: readonly Promise<GPUError | null>[]): Promise<LabError | null> {
  const settled = await Promise.allSettled(errors);
  const found = settled.flatMap((one) =>
    one.status === 'fulfilled' && one.value !== null ? [one.value] : [],
  );
  return found[0] === undefined ? null : refusal(found[0]);
}
