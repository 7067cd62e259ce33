import type { WgslModule } from './shader.ts';
import { LabError } from '../lib/labError.ts';
import type { Gpu } from './device.ts';

/** Values for a shader's `override`s. */
export type Overrides = Readonly<Record<string, number | boolean>>;

/** A shader with its overrides and prelude: one pipeline. */
export interface Kernel {
  readonly shader: WgslModule;
  readonly label: string;
  readonly tensorsLayout: GPUBindGroupLayout;
  readonly paramsLayout: GPUBindGroupLayout;
  /** Threads of a workgroup. */
  readonly workgroupSize: number;
  /** @throws LabError `bug` before `Kernels.compile` has resolved */
  readonly pipeline: () => GPUComputePipeline;
}

/** Compiles each pipeline once per device, all at once, asynchronously. */
export class Kernels {
  readonly gpu: Gpu;
  readonly #twin: 'subgroup' | 'workgroup';
  readonly #kernels = new Map<string, Kernel>();
  readonly #pending = new Map<string, Promise<void>>();

  /** @param twin which of two texts a shader is taken in, where its fragments have twins (see shaders/lib) */
  constructor(gpu: Gpu, twin: 'subgroup' | 'workgroup' = gpu.hasSubgroups ? 'subgroup' : 'workgroup') {
    this.gpu = gpu;
    this.#twin = twin;
  }

  /** The kernel of a shader; `prelude` holds the few constants that overrides cannot express. */
  get(shader: WgslModule, overrides: Overrides = {}, prelude = ''): Kernel {
    const label = [
      shader.name,
      ...Object.entries(overrides).map(([name, value]) => `${name}=${String(value)}`),
    ].join(' ');
    const key = `${label}\n${prelude}`;
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;

    for (const name of Object.keys(overrides)) {
      if (!shader.overrides.includes(name)) {
        throw new LabError(
          'bug',
          `${shader.name} has no override "${name}".`,
          `It has: ${shader.overrides.join(', ')}.`,
        );
      }
    }
    const { device } = this.gpu;
    const source = shader.variants.plain ?? shader.variants[this.#twin];
    if (source === undefined)
      throw new LabError('bug', `${shader.name} has no text.`, 'See build/wgslPlugin.ts.');
    const code = [...source.enables.map((name) => `enable ${name};`), prelude, source.code].join('\n');
    const entries = (group: number): GPUBindGroupLayoutEntry[] =>
      shader.bindings
        .filter((binding) => binding.group === group)
        .map(({ binding, access }) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: {
            type: access === 'uniform' ? 'uniform' : access === 'read' ? 'read-only-storage' : 'storage',
          },
        }));
    const tensorsLayout = device.createBindGroupLayout({ label, entries: entries(0) });
    const paramsLayout = device.createBindGroupLayout({ label, entries: entries(1) });

    let pipeline: GPUComputePipeline | undefined;
    const constants = Object.fromEntries(
      Object.entries(overrides).map(([name, value]) => [name, Number(value)]),
    );
    // What is wrong with it is told by the pipeline's promise: nobody else is to hear of it, or print it, as Dawn does.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label, code });
    device.popErrorScope().catch(() => undefined);
    const compiling: Promise<void> = device
      .createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ bindGroupLayouts: [tensorsLayout, paramsLayout] }),
        compute: { module, constants },
      })
      .then(
        (compiled) => {
          pipeline = compiled;
        },
        async (cause: unknown) => {
          // The pipeline only says that the module is bad; the module says where.
          const { messages } = await module.getCompilationInfo();
          const first = messages.find(({ type }) => type === 'error');
          const why = first === undefined ? String(cause) : `line ${String(first.lineNum)}: ${first.message}`;
          throw new LabError(
            'does-not-compile',
            `The shader ${label} does not compile on this adapter: ${why}`,
            'Update the graphics driver or browser, and report this with what `npm run doctor` prints.',
            cause,
          );
        },
      );
    // Failures are reported by compile(), which may be called much later.
    compiling.catch(() => undefined);
    this.#pending.set(key, compiling);
    const kernel: Kernel = {
      shader,
      label,
      tensorsLayout,
      paramsLayout,
      workgroupSize: workgroupSizeOf(shader, overrides),
      pipeline: () => {
        if (pipeline === undefined)
          throw new LabError('bug', `${label} is not compiled.`, 'Await compile() first.');
        return pipeline;
      },
    };
    this.#kernels.set(key, kernel);
    return kernel;
  }

  /**
   * Resolves when all kernels asked for so far are compiled. One that the driver rejects is forgotten: who can do
   * without it goes on, who asks for it again hears of it again.
   * @throws LabError `does-not-compile` naming the first shader that the driver rejects
   */
  async compile(onProgress?: (done: number, total: number) => void): Promise<void> {
    let done = 0;
    const pending = [...this.#pending];
    const outcomes = await this.gpu.settle(
      Promise.allSettled(
        pending.map(async ([key, compiling]) => {
          try {
            await compiling;
            onProgress?.(++done, pending.length);
          } catch (error) {
            this.#kernels.delete(key);
            throw error;
          } finally {
            this.#pending.delete(key);
          }
        }),
      ),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function workgroupSizeOf({ name, workgroupSize }: WgslModule, overrides: Overrides): number {
  return (workgroupSize ?? []).reduce<number>((product, size) => {
    const threads = typeof size === 'number' ? size : overrides[size];
    if (typeof threads === 'number') return product * threads;
    throw new LabError(
      'bug',
      `${name} leaves its workgroup's size open.`,
      `Give the override "${String(size)}".`,
    );
  }, 1);
}
