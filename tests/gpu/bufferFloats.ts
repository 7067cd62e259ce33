import { Buffers } from '../../src/gpu/buffer.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Readback } from '../../src/gpu/readback.ts';

/** What a buffer holds, behind all that was submitted. */
export async function bufferFloats(gpu: Gpu, buffer: GPUBuffer): Promise<Float32Array<ArrayBuffer>> {
  const buffers = new Buffers(gpu);
  const readback = new Readback(buffers, 'test', { all: { buffer, bytes: buffer.size } });
  const encoder = gpu.device.createCommandEncoder();
  readback.copy(encoder, ['all']);
  gpu.device.queue.submit([encoder.finish()]);
  const { all } = await readback.take(['all']);
  buffers.destroy();
  return new Float32Array(all);
}
