import { afterAll, beforeAll, expect, it } from 'vitest';
import { AdapterSpeeds, Pace, secondsOfWork, stepWork } from '../../src/asking/adapterPrice.ts';
import { adapterNeed, adapterTrainer, openAdapterRun, type OpenRun } from '../../src/asking/adapterRun.ts';
import { openAsked } from '../../src/asking/model.ts';
import { nodeHost } from '../../src/cli/host.ts';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { defaultAdapter } from '../../src/settings/adapterKnobs.ts';
import { validateSettings } from '../../src/settings/settings.ts';

// What training an adapter takes, said before: its work is that of a real step, to the row, and its time is measured.

const settings = validateSettings({
  ...{ algorithm: 'rent', steps: 3, evalEvery: 100, promptsPerStep: 2, groupSize: 4, updatesPerBatch: 2 },
  ...{ maxCompletionLength: 8, monitorAnchor: true, monitorRollouts: 3, evalSamples: 1 },
});
const prompts = ['5314', '9081', '6635', '2718', '4067'].map((digits) => ({
  ...{ prompt: `${digits}=`, solution: null },
}));

let gpu: Gpu;
let kernels: Kernels;
let run: OpenRun;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
  const path = 'public/models/sort-64-early';
  const opened = await openAsked(pretrainedFolder(path), path);
  // No completion ends by itself: each is as long as it may be.
  const model = {
    ...opened.model,
    endTokens: opened.model.endTokens.map(() => opened.model.config.vocabulary),
  };
  const choice = { ...defaultAdapter, rank: 2, rows: 5 };
  run = await openAdapterRun(
    { ...{ base: { ...opened, model }, called: 'base', path, prompts, from: null, choice } },
    settings,
  );
});
afterAll(() => gpu.device.destroy());

it('a step computes what was said, and takes what was measured of as much work', async () => {
  const said = stepWork(run, settings);
  // 14 completions, 5 at once: prompts 0 and 1 of the policy, then policy 1 and anchor 0 and 1, then anchor 1.
  expect(said).toEqual({ promptTokens: 4 * (2 + 3 + 1), positions: 3 * 8, updateRows: 2 * 2 * (4 + 4 * 8) });
  const speeds = new AdapterSpeeds();
  const device = { gpu, kernels };
  expect(speeds.known(device, run, settings)).toBeNull();
  const speed = await speeds.measure(device, run, settings, nodeHost.now);
  expect(speeds.known(device, run, settings)).toBe(speed);
  expect(speeds.known(device, run, { ...settings, maxCompletionLength: 40 })).toBeNull();
  const time = secondsOfWork(run, settings, said, speed);
  expect(time.low).toBeGreaterThan(0);
  expect(time.high).toBeGreaterThanOrEqual(time.low);
  expect(time.high).toBeLessThan(Infinity);

  const trainer = await adapterTrainer(run, device, nodeHost, settings, { from: null, checkpoints: false });
  try {
    // Said to the byte, but for what reads back and what a kernel is told.
    const { totalBytes } = adapterNeed(run, settings);
    expect(trainer.engine.counts.bytes / totalBytes).toBeGreaterThan(0.95);
    expect(trainer.engine.counts.bytes / totalBytes).toBeLessThan(1.05);
    await kernels.compile();
    await trainer.start();
    await trainer.next();
    const before = trainer.engine.work;
    await trainer.next();
    const after = trainer.engine.work;
    const done = Object.entries(after).map(([name, count]) => [
      name,
      count - before[name as keyof typeof before],
    ]);
    expect(Object.fromEntries(done)).toEqual(said);
    const pace = new Pace(() => ({ low: 1, high: 2 }));
    expect(pace.words).toBeNull();
    pace.add(3, before, after);
    pace.add(3, before, after);
    expect(pace.words).toBe(
      '3.0 s a step without evaluation; measured before: 1.0 s to 2.0 s for as much work, it took 50 % longer.',
    );
  } finally {
    trainer.destroy();
  }
  expect(gpu.errors).toEqual([]);
});
