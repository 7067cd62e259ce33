import { LabError } from '../lib/labError.ts';
import { Turns } from './turns.ts';

/** What is known of the adapter a run trained on; part of a run's fingerprint. */
export interface AdapterSummary {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** A CPU pretending to be a GPU: everything works, slowly. */
  readonly software: boolean;
  readonly features: readonly string[];
}

/** A device with what the layers above need to know of it. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterSummary;
  readonly hasTimestamps: boolean;
  /** Whether lanes can read one another's registers; kernels that would have a twin without. */
  readonly hasSubgroups: boolean;
  /** Lanes that run in step, at least; 4 where that is not told. */
  readonly subgroupSize: number;
  /** Whether shaders may store half-precision numbers. */
  readonly hasF16: boolean;
  /** What the device refused, first error first; a readback throws on it, so that nothing wrong is shown. */
  readonly errors: readonly GPUError[];
  /** Resolves with the reason when the device is gone. */
  readonly lost: Promise<string>;
  /** Whose turn it was on this device. */
  readonly turns: Turns;
  /** Waits for a promise of the device; Dawn in Node wants it done its way (cli/nodeGpu.ts). */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
}

/** Limits worth more than WebGPU's defaults, each with its reason; asked for at most what the adapter has. */
const wantedLimits = {
  // Flat parameter and partial-gradient buffers are one binding each.
  maxStorageBufferBindingSize: 2 ** 31,
  maxBufferSize: 2 ** 31,
  // attention.backward_* bind nine tensors.
  maxStorageBuffersPerShaderStage: 10,
} as const;

const software = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|warp/i;

/**
 * Asks for an adapter and a device with the limits and optional features the engine can use.
 * @throws LabError `no-adapter` where there is none, `does-not-fit` where it binds too few buffers
 */
export async function openDevice(
  gpu: GPU,
  { settle = (promise) => promise }: Partial<Pick<Gpu, 'settle'>> = {},
): Promise<Gpu> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new LabError(
      'no-adapter',
      'WebGPU found no adapter.',
      'Update the graphics driver, or see whether the browser has blocked this GPU (chrome://gpu).',
    );
  }
  const requiredLimits = Object.fromEntries(
    Object.entries(wantedLimits).map(([name, wanted]) => [
      name,
      Math.min(wanted, adapter.limits[name as keyof typeof wantedLimits]),
    ]),
  );
  const buffers = adapter.limits.maxStorageBuffersPerShaderStage;
  if (buffers < wantedLimits.maxStorageBuffersPerShaderStage) {
    throw new LabError(
      'does-not-fit',
      `This adapter binds ${String(buffers)} storage buffers per shader; the engine needs ${String(wantedLimits.maxStorageBuffersPerShaderStage)}.`,
      'Use another adapter or a newer driver.',
    );
  }
  const optional = (['timestamp-query', 'subgroups', 'shader-f16'] as const).filter((name) =>
    adapter.features.has(name),
  );
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures: optional });
  const errors: GPUError[] = [];
  device.addEventListener('uncapturederror', ({ error }) => {
    errors.push(error);
  });
  const { vendor, architecture, description, device: name, subgroupMinSize } = adapter.info;
  return {
    device,
    adapter: {
      vendor,
      architecture,
      description: description === '' ? name : description,
      software: software.test(`${vendor} ${architecture} ${name} ${description}`),
      features: [...adapter.features].sort(),
    },
    hasTimestamps: device.features.has('timestamp-query'),
    hasSubgroups: device.features.has('subgroups'),
    // Not every browser tells: undefined is not larger.
    subgroupSize: subgroupMinSize > 4 ? subgroupMinSize : 4,
    hasF16: device.features.has('shader-f16'),
    errors,
    turns: new Turns(),
    lost: device.lost.then(({ message, reason }) => (message === '' ? reason : message)),
    settle,
  };
}
