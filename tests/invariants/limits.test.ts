import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { LabError } from '../../src/lib/labError.ts';
import { Trainer } from '../../src/trainer/trainer.ts';
import { everyAlgorithm } from './algorithms.ts';
import { baseWeights, bits, metricsOf, Runs, smallSettings, type Ran } from './runs.ts';

/** Rows that a micro-batch may hold: the activation budget would need a large model to bite. */
const budget = vi.hoisted(() => ({ rows: Infinity }));
vi.mock(import('../../src/engine/plan.ts'), async (original) => {
  const plan = await original();
  return { ...plan, microBatchRows: (...of) => Math.min(plan.microBatchRows(...of), budget.rows) };
});

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});
beforeEach(() => {
  budget.rows = Infinity;
});

/** What a promise is rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<LabError> {
  const error: unknown = await promise.then(
    () => 'nothing went wrong',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LabError);
  return error as LabError;
}

describe('micro-batches', () => {
  it.each([16, 40])('of %d rows train as the whole does', async (rows) => {
    // ε is large beside rounding, which would otherwise choose the direction of parameters that hardly matter.
    const settings = { algorithm: 'm-grpo-iqr', adamEpsilon: 1e-4 };
    const whole = await runs.train(settings);
    budget.rows = rows;
    const cut = await runs.train(settings);
    const [expected, actual] = [metricsOf(whole), metricsOf(cut)];
    actual.forEach((row, step) => {
      for (const [id, value] of Object.entries(row)) {
        const other = expected[step]?.[id] ?? NaN;
        if (Number.isNaN(value) && Number.isNaN(other)) continue;
        expect(Math.abs(value - other), `${id} at step ${String(step)}`).toBeLessThanOrEqual(
          1e-5 + 1e-4 * Math.abs(other),
        );
      }
    });
    expect(bits(cut.policy) === bits(whole.policy), 'sums in another order round alike').toBe(false);
    expectNear(cut, whole);
  });
});

/** Policies apart by less than a hundredth of what they moved; the mean residual shows drift in one direction. */
function expectNear(one: Ran, other: Ran): void {
  const base = baseWeights(smallSettings({}));
  const moved = Math.hypot(...other.policy.map((value, i) => value - (base[i] ?? NaN)));
  const residuals = [...one.policy].map((value, i) => value - (other.policy[i] ?? NaN));
  expect(moved).toBeGreaterThan(0);
  expect(Math.hypot(...residuals)).toBeLessThan(0.01 * moved);
  const mean = residuals.reduce((sum, value) => sum + value, 0) / residuals.length;
  expect(Math.abs(mean)).toBeLessThan((0.001 * moved) / Math.sqrt(residuals.length));
}

it.each(everyAlgorithm)('%s: a step waits once and allocates nothing', async (algorithm) => {
  const trainer = await runs.trainer(smallSettings({ algorithm, steps: 6, evalEvery: 3 }));
  await trainer.start();
  // The first step samples for itself; from then on a step's submit carries the next step's rollouts.
  await trainer.next();
  const counts = [];
  for (let step = 2; step <= 6; step++) {
    const before = trainer.engine.counts;
    await trainer.next();
    const after = trainer.engine.counts;
    counts.push({
      readbacks: after.readbacks - before.readbacks,
      allocations: after.allocations - before.allocations,
      bytes: after.bytes - before.bytes,
    });
  }
  const step = { readbacks: 1, allocations: 0, bytes: 0 };
  const evaluated = { ...step, readbacks: 2 };
  expect(counts).toEqual([step, evaluated, step, step, evaluated]);
  trainer.destroy();
});

describe('values that are not finite', () => {
  const poison = () => baseWeights(smallSettings({})).map(() => NaN);

  it('in one weight stop the run at the step, and all others stay as they were', async () => {
    const trainer = await runs.trainer(smallSettings({ algorithm: 'm-grpo' }));
    await trainer.next();
    const spoiled = await trainer.engine.readParameters('policy');
    spoiled[5] = NaN;
    trainer.engine.parameters.policy.load(spoiled);
    const anchor = await trainer.engine.readParameters('anchor');
    const { code, message, remedy } = await errorOf(trainer.next());
    expect(code).toBe('non-finite');
    expect(message).toContain('step 2');
    expect(remedy).toContain('learning rate');
    expect(bits(await trainer.engine.readParameters('policy')) === bits(spoiled)).toBe(true);
    expect(bits(await trainer.engine.readParameters('anchor')) === bits(anchor)).toBe(true);
    trainer.destroy();
  });

  it.each(everyAlgorithm)(
    'in the policy stop %s, though its rollouts may have no answer and no gradient',
    async (algorithm) => {
      const trainer = await runs.trainer(smallSettings({ algorithm }));
      trainer.engine.parameters.policy.load(poison());
      expect((await errorOf(trainer.next())).code).toBe('non-finite');
      trainer.destroy();
    },
  );

  it.each([1, 2, 3])(
    'in the last of %s updates leave the run as it was after the step before',
    async (updates) => {
      const settings = smallSettings({ algorithm: 'm-grpo', updatesPerBatch: updates, steps: 3 });
      const [trainer, undisturbed] = [await runs.trainer(settings), await runs.trainer(settings)];
      await trainer.next();
      await undisturbed.next();
      const before = await trainer.checkpoint();
      const { engine } = trainer;
      const update = engine.update.bind(engine);
      let asked = 0;
      const poisoned = vi.spyOn(engine, 'update').mockImplementation((...of) => {
        if (++asked === updates) engine.parameters.policy.load(poison());
        update(...of);
      });
      // One weight bad before its only update is the caller's doing, and stays.
      if (updates === 1) engine.keep();
      expect((await errorOf(trainer.next())).message).toContain('still those of step 1');
      if (updates === 1) engine.goBack();
      expect(asked).toBe(updates);
      poisoned.mockRestore();
      expect(trainer.step).toBe(1);
      const after = await trainer.checkpoint();
      expect({ ...after, earlier: [] }).toEqual({ ...before, earlier: [] });
      // And it goes on as if nothing had been.
      const ran = async (of: Trainer) => [(await of.next()).metrics, (await of.next()).metrics];
      const rows = await ran(trainer);
      expect(rows.map(({ step }) => step)).toEqual([2, 3]);
      const none = { policy: new Float32Array(), anchor: new Float32Array() };
      expect(metricsOf({ rows, ...none })).toEqual(metricsOf({ rows: await ran(undisturbed), ...none }));
      expect(await engine.readState()).toEqual(await undisturbed.engine.readState());
      trainer.destroy();
      undisturbed.destroy();
    },
  );
});

describe('a device too small', () => {
  /** The device with other limits; remembers the buffers made on it that are still held. */
  function limited(gpu: Gpu, limits: Partial<GPUSupportedLimits>): { gpu: Gpu; held: Set<GPUBuffer> } {
    const held = new Set<GPUBuffer>();
    const device = new Proxy(gpu.device, {
      get: (target, key) => {
        if (key === 'limits') {
          return new Proxy(target.limits, {
            get: (own, name) => (Reflect.get(limits, name) ?? Reflect.get(own, name, own)) as unknown,
          });
        }
        if (key === 'createBuffer') {
          return (descriptor: GPUBufferDescriptor) => {
            const buffer = target.createBuffer(descriptor);
            const destroy = buffer.destroy.bind(buffer);
            buffer.destroy = () => {
              held.delete(buffer);
              destroy();
            };
            held.add(buffer);
            return buffer;
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return { gpu: { ...gpu, device }, held };
  }

  it.each(['maxStorageBufferBindingSize', 'maxBufferSize'] as const)(
    '%s: refused with both numbers',
    async (limit) => {
      const settings = smallSettings({ promptsPerStep: 64, groupSize: 64 });
      const { gpu, held } = limited(runs.gpu, { [limit]: 2 ** 20 });
      const start = () =>
        new Trainer(gpu, runs.kernels, readModelFolder(settings.model), settings, { now: () => 0 });
      const { code, message, remedy } = await errorOf(Promise.resolve().then(start));
      expect(code).toBe('does-not-fit');
      expect(message).toMatch(/^\S.* needs [\d.]+ MiB, but this adapter binds at most 1\.0 MiB/);
      expect(remedy).toContain('smaller model');
      expect(held.size, 'buffers still held').toBe(0);
    },
  );

  it('the same limits suffice for a smaller batch', async () => {
    const settings = smallSettings({ evalPrompts: 1 });
    const { gpu, held } = limited(runs.gpu, { maxBufferSize: 2 ** 28 });
    const trainer = new Trainer(gpu, runs.kernels, readModelFolder(settings.model), settings, {
      now: () => 0,
    });
    expect(held.size).toBeGreaterThan(0);
    trainer.destroy();
    expect(held.size).toBe(0);
    await Promise.resolve();
  });
});
