import { Buffers } from '../gpu/buffer.ts';
import type { Gpu } from '../gpu/device.ts';
import { Readback } from '../gpu/readback.ts';
import type { Now } from './steps.ts';

const floats = 4 * 2 ** 20;
const copies = 8;
const rounds = 5;

/** Bytes per second that the adapter copies from buffer to buffer, read and written counted; best of five rounds. */
export async function measureCopy(gpu: Gpu, now: Now): Promise<number> {
  const buffers = new Buffers(gpu);
  try {
    const [source, copy] = [buffers.storage('source', floats), buffers.storage('copy', floats)];
    const readback = new Readback(buffers, 'copy', { end: { buffer: copy, bytes: 16 } });
    let best = 0;
    for (let round = 0; round <= rounds; round++) {
      const begun = now();
      const encoder = gpu.device.createCommandEncoder();
      for (let i = 0; i < copies; i++) encoder.copyBufferToBuffer(source, 0, copy, 0, source.size);
      readback.copy(encoder, ['end']);
      gpu.device.queue.submit([encoder.finish()]);
      await readback.take(['end']);
      // The first round touches the memory for the first time.
      if (round > 0) best = Math.max(best, (2 * copies * source.size * 1000) / (now() - begun));
    }
    return best;
  } finally {
    buffers.destroy();
  }
}
