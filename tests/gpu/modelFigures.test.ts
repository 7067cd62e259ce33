import { afterAll, beforeAll, expect, it } from 'vitest';
import { measureModel, modelTables } from '../../src/bench/modelFigures.ts';
import { nodeHost } from '../../src/cli/host.ts';
import { openHeadless } from '../../src/cli/headless.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openHeadless();
});
afterAll(() => gpu.device.destroy());

it('times a model of these shapes, and reads nothing of its weights', async () => {
  const folder = pretrainedFolder('tests/fixtures/pretrained/tiny-qwen3');
  const model = await openPretrained(folder);
  folder.close();
  const told: string[] = [];
  const work = {
    ...{ inFlight: [2], promptTokens: 6, completionTokens: 4 },
    ...{ prompts: 2, groupSize: 2, rank: 2 },
  };
  const note = (what: string) => told.push(what);
  const figures = await measureModel(gpu, model, 'file', nodeHost.now, note, work);
  expect(told).toEqual(['2 in flight', 'a step of training']);
  const bytes = figures.sampling.map((each) => each.bytes);
  expect(figures.step.bytes).toBeGreaterThan(bytes[0] ?? NaN);
  for (const { low, high } of [
    ...figures.sampling.flatMap((each) => [each.tokensPerS, each.promptTokensPerS]),
    figures.step.seconds,
  ]) {
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThanOrEqual(low);
  }
  const [sampling, training] = modelTables(figures);
  expect(sampling?.rows.map(([count]) => count)).toEqual(['in flight', '2']);
  expect(training?.title).toContain('2 prompts × 2 completions of 4 tokens');
});
