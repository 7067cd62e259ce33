import { LabError } from '../lib/labError.ts';
import { Buffers } from './buffer.ts';
import type { Gpu } from './device.ts';
import { Readback } from './readback.ts';

/** Dispatches that can be timed between two calls of `take`: two timestamps each, 4,096 in a set. */
const capacity = 2048;

/** What a kernel took, summed over its dispatches. */
export interface KernelTime {
  readonly kernel: string;
  readonly dispatches: number;
  readonly ms: number;
}

/**
 * Times kernel by kernel whatever is made with its `gpu`: every dispatch gets a compute pass of its own between two
 * timestamps. Passes cost something themselves, so that the sum is more than the step takes.
 */
export class Profiler {
  /** Hand this to an engine in place of the gpu. */
  readonly gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #queries: GPUQuerySet;
  readonly #times: GPUBuffer;
  readonly #readback: Readback<'times'>;
  #kernels: string[] = [];

  /** @throws LabError `does-not-fit` where the device has no timestamps */
  constructor(gpu: Gpu) {
    if (!gpu.hasTimestamps) {
      throw new LabError(
        'does-not-fit',
        'This device has no timestamp queries, so kernels cannot be timed one by one.',
        'Profile on another adapter.',
      );
    }
    const buffers = new Buffers(gpu);
    this.#buffers = buffers;
    this.#queries = gpu.device.createQuerySet({ type: 'timestamp', count: 2 * capacity });
    this.#times = buffers.queryResults('kernel times', 16 * capacity);
    this.#readback = new Readback(buffers, 'profiler', {
      times: { buffer: this.#times, bytes: 16 * capacity },
    });
    const device = replaced(gpu.device, {
      createCommandEncoder: (descriptor?: GPUCommandEncoderDescriptor) =>
        this.#watch(gpu.device.createCommandEncoder(descriptor)),
    });
    // Phase timestamps of an engine would be lost with its passes.
    this.gpu = { ...gpu, device, hasTimestamps: false };
  }

  /** Waits for what was submitted. @returns kernels by their time since the last call, slowest first */
  async take(): Promise<KernelTime[]> {
    const { device } = this.gpu;
    const kernels = this.#kernels;
    this.#kernels = [];
    if (kernels.length === 0) return [];
    const encoder = device.createCommandEncoder({ label: 'profiler' });
    encoder.resolveQuerySet(this.#queries, 0, 2 * kernels.length, this.#times, 0);
    this.#readback.copy(encoder, ['times']);
    device.queue.submit([encoder.finish()]);
    const ticks = new BigUint64Array((await this.#readback.take(['times'])).times);
    const sums = new Map<string, { dispatches: number; ms: number }>();
    kernels.forEach((kernel, index) => {
      const sum = sums.get(kernel) ?? { dispatches: 0, ms: 0 };
      sum.dispatches++;
      sum.ms += Number((ticks[2 * index + 1] ?? 0n) - (ticks[2 * index] ?? 0n)) / 1e6;
      sums.set(kernel, sum);
    });
    return [...sums].map(([kernel, sum]) => ({ kernel, ...sum })).sort((a, b) => b.ms - a.ms);
  }

  destroy(): void {
    this.#buffers.destroy();
    this.#queries.destroy();
  }

  #watch(encoder: GPUCommandEncoder): GPUCommandEncoder {
    return replaced(encoder, { beginComputePass: () => this.#split(encoder) });
  }

  /** A pass that ends and begins anew around each dispatch. */
  #split(encoder: GPUCommandEncoder): GPUComputePassEncoder {
    let pipeline: GPUComputePipeline | undefined;
    const groups: GPUBindGroup[] = [];
    const pass: Partial<GPUComputePassEncoder> = {
      setPipeline: (next) => {
        pipeline = next;
      },
      setBindGroup: (index: number, group: GPUBindGroup | null | undefined) => {
        if (group) groups[index] = group;
      },
      dispatchWorkgroups: (x, y, z) => {
        if (pipeline === undefined || this.#kernels.length === capacity) {
          throw new LabError('bug', 'Too many dispatches to time.', 'Call take() more often.');
        }
        const first = 2 * this.#kernels.length;
        this.#kernels.push(pipeline.label);
        const own = encoder.beginComputePass({
          label: pipeline.label,
          timestampWrites: {
            querySet: this.#queries,
            beginningOfPassWriteIndex: first,
            endOfPassWriteIndex: first + 1,
          },
        });
        own.setPipeline(pipeline);
        groups.forEach((group, index) => {
          own.setBindGroup(index, group);
        });
        own.dispatchWorkgroups(x, y, z);
        own.end();
      },
      end: () => undefined,
    };
    return pass as GPUComputePassEncoder;
  }
}

/** The object with some methods replaced; the others are called on the object itself, as the browser demands. */
function replaced<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get: (of, key) => {
      if (key in methods) return methods[key as keyof T];
      const value: unknown = Reflect.get(of, key, of);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
}
