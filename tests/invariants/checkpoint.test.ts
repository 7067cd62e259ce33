import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import type { Checkpoint } from '../../src/trainer/checkpoint.ts';
import { bits, finish, metricsOf, Runs, smallSettings, type Ran } from './runs.ts';

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

interface Recorded extends Ran {
  readonly checkpoints: readonly Checkpoint[];
  readonly guarded: readonly { readonly step: number; readonly changes: Partial<Settings> }[];
}

/** A run with its checkpoints, from the base or from one of them. */
async function record(changes: Partial<Settings>, from?: Checkpoint): Promise<Recorded> {
  const trainer = await runs.trainer(smallSettings({ steps: 8, ...changes }), undefined, from);
  const rows: Partial<MetricRow>[] = from === undefined ? [await trainer.start()] : [];
  const checkpoints: Checkpoint[] = [];
  const guarded: { step: number; changes: Partial<Settings> }[] = [];
  while (!trainer.finished) {
    const result = await trainer.next();
    rows.push(result.metrics);
    if (result.checkpoint !== null) checkpoints.push(result.checkpoint);
    if (result.guarded !== null) guarded.push({ step: trainer.step, changes: result.guarded });
  }
  return { ...(await finish(trainer, rows)), checkpoints, guarded };
}

function expectSameEnd(parent: Recorded, fork: Recorded): void {
  expect(metricsOf(fork)).toEqual(metricsOf(parent).slice(-fork.rows.length));
  expect(bits(fork.policy) === bits(parent.policy), 'policies coincide').toBe(true);
  expect(bits(fork.anchor) === bits(parent.anchor), 'anchors coincide').toBe(true);
}

/** A guard that acts at every step it may, once the early warning speaks at all: after ten steps. */
const eager = { steps: 14, guard: 'rollback', guardThreshold: 0.05, guardStepsBack: 2 } as const;

describe('a fork with nothing changed reproduces its parent bit for bit', () => {
  it.each<[string, Partial<Settings>]>([
    ['SRT with a shadow anchor', { algorithm: 'srt' }],
    ['SRT without', { algorithm: 'srt', monitorAnchor: false }],
    ['M-GRPO + IQR', { algorithm: 'm-grpo-iqr' }],
    ['two updates a batch', { algorithm: 'm-grpo', updatesPerBatch: 2 }],
    ['with an eager guard', { algorithm: 'srt', ...eager }],
  ])('%s', async (_, changes) => {
    const parent = await record({ checkpointEvery: 3, ...changes });
    const steps = parent.checkpoints.map(({ step }) => step);
    expect(steps).toEqual(steps.map((_, i) => 3 * (i + 1)));
    expect(steps.length).toBeGreaterThan(1);
    // The guard, where it is on, has acted before the last one.
    expect(parent.guarded.length > 0).toBe(changes.guard === 'rollback');
    for (const checkpoint of parent.checkpoints) {
      // The settings of then: the guard may have changed them.
      const since = parent.guarded
        .filter(({ step }) => step <= checkpoint.step)
        .map((guarded) => guarded.changes);
      const settings = Object.assign({ checkpointEvery: 3, ...changes }, ...since) as Partial<Settings>;
      const fork = await record(settings, checkpoint);
      expect(fork.rows[0]?.step).toBe(checkpoint.step + 1);
      expectSameEnd(parent, fork);
    }
  });
});

it('a fork differs by the knob that was changed', async () => {
  const parent = await record({ algorithm: 'srt', checkpointEvery: 4 });
  const [checkpoint] = parent.checkpoints;
  const fork = await record({ algorithm: 'srt', checkpointEvery: 4, learningRate: 2e-3 }, checkpoint);
  expect(bits(fork.policy) === bits(parent.policy)).toBe(false);
  // The rollouts of the first step were sampled before the change could matter.
  expect(fork.rows[0]?.['policy/entropy']).toBe(parent.rows[5]?.['policy/entropy']);
});

it('a fork can switch the anchor on: it begins as the policy', async () => {
  const parent = await record({ algorithm: 'srt', monitorAnchor: false, checkpointEvery: 4 });
  const fork = await record({ algorithm: 'm-grpo', checkpointEvery: 4 }, parent.checkpoints[0]);
  const [first] = fork.rows;
  expect(first?.['anchor/distance']).toBeGreaterThan(0);
  expect(first?.['anchor/distance']).toBeLessThan(0.01);
});

describe('the guard', () => {
  it('loads the checkpoint and lowers the rate, and runs twice the same', async () => {
    const settings = { algorithm: 'srt', checkpointEvery: 2, ...eager } as const;
    const one = await record(settings);
    const two = await record(settings);
    expect(one.guarded.length).toBeGreaterThan(0);
    expect(two.guarded).toEqual(one.guarded);
    expectSameEnd(one, two);
    const [first] = one.guarded;
    if (first === undefined) throw new Error('the guard never acted');
    const row = one.rows[first.step];
    expect(row?.['guard/rolled_back_to']).toBeLessThanOrEqual(Math.max(0, first.step - 2));
    expect(first.changes.learningRate).toBeCloseTo(5e-4, 9);
    expect(one.rows[first.step + 1]?.['optim/lr']).toBeCloseTo(5e-4, 9);
    const atFirst = one.checkpoints.find(({ step }) => step === first.step);
    const back = one.checkpoints.find(({ step }) => step === row?.['guard/rolled_back_to']);
    // A checkpoint at the step of an intervention is of what the run goes on with.
    if (atFirst !== undefined && back !== undefined) {
      expect(bits(atFirst.state.policy)).toBe(bits(back.state.policy));
    }
  });

  it('that never acts changes no bit', async () => {
    const off = await record({ algorithm: 'srt', steps: 2 });
    const on = await record({ algorithm: 'srt', steps: 2, guard: 'rollback', guardThreshold: 1 });
    expect(on.guarded).toEqual([]);
    expectSameEnd(off, on);
  });
});
