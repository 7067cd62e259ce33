import { afterAll, beforeAll, expect, it } from 'vitest';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import { Trainer } from '../../src/trainer/trainer.ts';
import { Runs, smallSettings } from './runs.ts';

let runs: Runs;

beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

async function make(changes: Partial<Settings>): Promise<Trainer> {
  const settings = smallSettings({ ...changes, steps: 12, evalEvery: 1000 });
  const trainer = new Trainer(runs.gpu, runs.kernels, readModelFolder(settings.model), settings, {
    now: () => performance.now(),
  });
  await runs.kernels.compile();
  // The first step samples its own rollouts, and drivers compile late.
  await trainer.next();
  await trainer.next();
  return trainer;
}

function sum(rows: readonly Partial<MetricRow>[], ...ids: readonly (keyof MetricRow)[]): number {
  return rows.reduce((all, row) => all + ids.reduce((total, id) => total + (row[id] ?? NaN), 0), 0);
}

it('a lane’s figures are its own beside a heavier lane: waiting for that has its own name', async () => {
  const light = await make({});
  const heavy = await make({ promptsPerStep: 12, groupSize: 24, seed: 8 });
  const together = { light: [] as Partial<MetricRow>[], heavy: [] as Partial<MetricRow>[] };
  const alone: Partial<MetricRow>[] = [];
  for (let step = 0; step < 4; step++) {
    // As session/worker steps lanes; the heavier one is first in line.
    const [one, other] = await Promise.all([heavy.next(), light.next()]);
    heavy.engine.leave();
    light.engine.leave();
    together.heavy.push(one.metrics);
    together.light.push(other.metrics);
  }
  for (let step = 0; step < 4; step++) alone.push((await light.next()).metrics);
  light.destroy();
  heavy.destroy();

  expect(sum(alone, 'perf/others_ms')).toBe(0);
  const ofHeavy = sum(together.heavy, 'perf/step_ms');
  const others = sum(together.light, 'perf/others_ms');
  expect(others).toBeGreaterThan(0.5 * ofHeavy);
  // What it waits beside that is what it would be alone, not the other's work. Of the step that a busy machine disturbed
  // least: whatever else it does falls on one of them or on all.
  const least = (of: (row: Partial<MetricRow>) => number) => Math.min(...together.light.map(of));
  const step = Math.min(...together.heavy.map((row) => row['perf/step_ms'] ?? NaN));
  const own = least((row) => (row['perf/step_ms'] ?? NaN) - (row['perf/others_ms'] ?? NaN));
  expect(own).toBeLessThan(0.5 * step);
  expect(least((row) => row['perf/readback_ms'] ?? NaN)).toBeLessThan(0.25 * step);
  // The parts are no more than the whole.
  for (const rows of [together.light, together.heavy, alone]) {
    const parts = ['perf/vote_ms', 'perf/readback_ms', 'perf/others_ms'] as const;
    expect(sum(rows, ...parts)).toBeLessThanOrEqual(sum(rows, 'perf/step_ms'));
    for (const row of rows) {
      expect(row['perf/readbacks']).toBe(1);
      expect(row['perf/allocations']).toBe(0);
      expect(row['perf/dispatches']).toBeGreaterThan(0);
      expect(row['perf/memory_bytes']).toBeGreaterThan(0);
      expect(row['perf/steps_per_s']).toBeGreaterThan(0);
    }
  }
});
