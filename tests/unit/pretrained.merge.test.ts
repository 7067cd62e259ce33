import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeMergedFolder } from '../../src/cli/mergedFolder.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import {
  adaptable,
  adaptedProducts,
  adaptedTensors,
  adapterConfigText,
} from '../../src/model/pretrained/adapter.ts';
import { floatsOf } from '../../src/model/pretrained/numbers.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { writeSafetensors } from '../../src/model/safetensors.ts';
import { adapterFolder, tinyFolder } from '../fixtures/elsewhere.ts';
import { merged, startFactors } from '../fixtures/lora.ts';
import { createRandom } from '../reference/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'lab-merge-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** All tensors of a folder, and how they are stored. */
async function tensors(path: string) {
  const opened = pretrainedFolder(path);
  const model = await openPretrained(opened);
  const values = new Map<string, { type: string; numbers: Float32Array }>();
  for (const [name, { type, shape, read }] of model.weights) {
    const length = shape.reduce((product, size) => product * size, 1);
    values.set(name, { type, numbers: floatsOf(await read(0, length), type) });
  }
  opened.close();
  return { model, values };
}

/** A LoRA adapter of rank 3 for all matrices of a model, its factors drawn. */
async function drawnAdapter(
  base: string,
  size: number,
): Promise<{ path: string; factors: Map<string, Float32Array> }> {
  const random = createRandom(3);
  const path = join(folder, `adapter-${base}-${String(size)}`);
  const { model } = await tensors(tinyFolder(base as 'tiny-llama'));
  const wanted = adaptedTensors(model.names, { rank: 3, targets: adaptable }).flatMap((layer) =>
    adaptedProducts.flatMap((product) => layer[product].flatMap(({ a, b }) => [a, b])),
  );
  let offset = 0;
  const placed = wanted.map(({ name, shape }) => {
    const length = shape.reduce((product, each) => product * each, 1);
    offset += length;
    return { name, shape, offset: offset - length, length };
  });
  const values = Float32Array.from({ length: offset }, () => size * (random.uniform() - 0.5));
  mkdirSync(path);
  writeFileSync(
    join(path, 'adapter_config.json'),
    adapterConfigText({ rank: 3, alpha: 12, targets: adaptable }, base),
  );
  writeFileSync(join(path, 'adapter_model.safetensors'), writeSafetensors(values, { tensors: placed }));
  return {
    path,
    factors: new Map(placed.map(({ name, offset: at, length }) => [name, values.subarray(at, at + length)])),
  };
}

describe('a model with an adapter in its weights', () => {
  it('is W + scale·B·A, each number rounded once, and all else byte for byte the base', async () => {
    const out = join(folder, 'qwen3');
    await writeMergedFolder(out, tinyFolder('tiny-qwen3'), adapterFolder);
    const [before, after] = [await tensors(tinyFolder('tiny-qwen3')), await tensors(out)];
    const expected = merged(startFactors);
    for (const [name, { numbers }] of after.values) {
      const exact = expected.get(name) ?? new Float64Array();
      expect(numbers).toHaveLength(exact.length);
      // Sums of five products in f64, whichever comes first.
      const apart = numbers.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (exact[i] ?? NaN)) / (Math.abs(value) + 1e-8)),
        0,
      );
      expect(apart).toBeLessThanOrEqual(2 ** -24 * 1.0001);
      if (!startFactors.has(name)) expect(numbers).toEqual(before.values.get(name)?.numbers);
    }
    expect(startFactors.size).toBeGreaterThan(0);
    expect(readdirSync(out).sort()).toEqual([
      ...['README.md', 'config.json', 'generation_config.json', 'model.safetensors'],
    ]);
    for (const name of ['config.json', 'generation_config.json'])
      expect(readFileSync(join(out, name))).toEqual(readFileSync(join(tinyFolder('tiny-qwen3'), name)));
  });

  it.each(['tiny-llama', 'tiny-qwen2', 'tiny-qwen3-sharded', 'tiny-qwen3-extra-head'] as const)(
    'keeps types and files of %s',
    async (name) => {
      const { path, factors } = await drawnAdapter(name, 0.2);
      const out = join(folder, name);
      await writeMergedFolder(out, tinyFolder(name), path);
      const [before, after] = [await tensors(tinyFolder(name)), await tensors(out)];
      let changed = 0;
      for (const [tensor, { type, numbers }] of after.values) {
        const old = before.values.get(tensor);
        expect(type).toBe(old?.type);
        const stem = `base_model.model.${tensor.replace(/\.weight$/, '')}`;
        const [a, b] = ['A', 'B'].map((which) => factors.get(`${stem}.lora_${which}.weight`));
        if (a === undefined || b === undefined) {
          expect(numbers).toEqual(old?.numbers);
          continue;
        }
        const inputs = a.length / 3;
        // Eleven digits of F16, eight of BF16.
        const half = type === 'F16' ? 2 ** -11 : 2 ** -8;
        let worst = 0;
        for (const [i, value] of numbers.entries()) {
          let exact = old?.numbers[i] ?? NaN;
          for (let r = 0; r < 3; r++)
            exact += 4 * (b[Math.floor(i / inputs) * 3 + r] ?? NaN) * (a[r * inputs + (i % inputs)] ?? NaN);
          worst = Math.max(worst, Math.abs(value - exact) / (half * Math.abs(exact) + 2 ** -25));
          if (value !== old?.numbers[i]) changed++;
        }
        expect(worst).toBeLessThanOrEqual(1);
      }
      expect(changed).toBeGreaterThan(10_000);
      // Over another model, nothing of its weights is left.
      writeFileSync(join(out, 'model-00001-of-00002.safetensors'), '');
      await writeMergedFolder(out, tinyFolder(name), path);
      const weights = readdirSync(tinyFolder(name)).filter((file) => file.startsWith('model'));
      expect(readdirSync(out).filter((file) => file.startsWith('model'))).toEqual(weights);
    },
  );

  it('is refused where a number leaves the range of its type, and nothing is left of it', async () => {
    const { path } = await drawnAdapter('tiny-llama', 1000);
    const out = join(folder, 'too-large');
    await expect(writeMergedFolder(out, tinyFolder('tiny-llama'), path)).rejects.toThrow(
      /with the adapter in it leaves the range of F16/,
    );
    expect(readdirSync(folder)).not.toContain('too-large');
  });

  it('is refused where the adapter was made for another model', async () => {
    await expect(
      writeMergedFolder(join(folder, 'other'), tinyFolder('tiny-llama'), adapterFolder),
    ).rejects.toThrow(/adapter_model\.safetensors: /);
  });
});
