import { openDevice, type Gpu } from '../gpu/device.ts';
import { openNodeGpu, settle } from './nodeGpu.ts';

/** Dawn lives as long as the object it was made as: collected earlier, it takes the process with it. */
const kept: GPU[] = [];

/** A device in Node, with Dawn kept from spinning while it waits. */
export async function openHeadless(): Promise<Gpu> {
  const { gpu } = await openNodeGpu();
  kept.push(gpu);
  return openDevice(gpu, { settle });
}
