import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import type { RolloutRequest } from '../../src/engine/rollout/call.ts';
import { philox4x32, purposes } from '../../src/lib/philox.ts';
import { complete, tokenOf } from '../../src/onnx/complete.ts';
import { OnnxModel } from '../../src/onnx/onnxModel.ts';
import { writeOnnx } from '../../src/onnx/qwen3.ts';
import { forward, layRows } from '../reference/model.ts';
import { greedy, sample } from '../reference/sample.ts';

const logits = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 24 });
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** A number near the edge of a token's interval, where doubt begins. */
function near(given: readonly number[], token: number, by: number): number {
  const weights = given.map(Math.exp);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const edge = weights.slice(0, token + 1).reduce((all, weight) => all + weight, 0) / sum;
  return Math.min(1 - 2 ** -24, Math.max(0, edge + by));
}

/** Half of the tolerance that `complete` has for logits of this size. */
const moved = fc.infiniteStream(fc.double({ min: -1 / 2048, max: 1 / 2048, noNaN: true }));

it('a token that is certain is the one that logits moved within the tolerance give, at every temperature', () => {
  fc.assert(
    fc.property(logits, unit, fc.constantFrom(0, 0.5, 1, 2), moved, (given, u, temperature, stream) => {
      const token = tokenOf(Float32Array.from(given), temperature, u);
      fc.pre(token !== null);
      const others = given.map((logit) => logit + (stream.next().value as number));
      const [wanted] =
        temperature === 0
          ? greedy(others, 1, others.length)
          : sample(others, [u], others.length, temperature).tokens;
      expect(token).toBe(wanted);
    }),
    { numRuns: 2000 },
  );
});

it('and where the number is near an edge, likewise', () => {
  const place = fc.tuple(fc.nat(1), fc.double({ min: -1e-3, max: 1e-3, noNaN: true }));
  fc.assert(
    fc.property(logits, place, moved, (given, [at, by], stream) => {
      const u = near(given, at, by);
      const token = tokenOf(Float32Array.from(given), 1, u);
      fc.pre(token !== null);
      const others = given.map((logit) => logit + (stream.next().value as number));
      expect(token).toBe(sample(others, [u], others.length, 1).tokens[0]);
    }),
    { numRuns: 2000 },
  );
});

it.each<[string, readonly number[], number, number]>([
  ['two are as likely', [1, 1, 0], 0, 0],
  ['the likeliest is one by less than rounding', [1, 1.0005, 0], 0, 0],
  ['the number falls between two', [0, 0], 1, 0.5],
  ['it falls near there', [0, 0], 1, 0.5002],
  ['the number is all but one', [0, 0], 1, 1 - 2 ** -24],
  ['a logit is no number', [0, NaN], 1, 0.25],
  ['no logit is a number', [NaN, NaN], 0, 0.25],
])('there is doubt where %s', (_, given, temperature, u) => {
  expect(tokenOf(Float32Array.from(given), temperature, u)).toBe(null);
});

it('draws what the formulas in float64 draw from the same random numbers, and is rarely in doubt', async () => {
  const model = readModelFolder('sort-32');
  const { config, tokenizer } = model;
  const named = new Map(
    model.layout.tensors.map(({ name, offset, length }) => [
      name,
      Float64Array.from(model.weights.subarray(offset, offset + length)),
    ]),
  );
  const prompts = ['52907=', '314=', '90817=', '2222='].map((text) => tokenizer.encode(text));
  const requests: RolloutRequest[] = prompts.flatMap((_, prompt) => [
    { prompt, model: 'anchor', temperature: 0, rollout: 0, purpose: purposes.evaluationSample },
    ...Array.from({ length: 10 }, (__, i) => ({
      ...{ prompt, model: 'policy' as const, temperature: 1, rollout: 64 * prompt + i },
      purpose: purposes.majoritySample,
    })),
  ]);
  const random = { seed: 4_000_000_000, step: 30 };
  const ends = { maxCompletionLength: 6, endToken: tokenizer.endToken };
  const onnx = await OnnxModel.open(writeOnnx(model, '0'), config);
  const completions = await complete({ policy: onnx, anchor: onnx }, { prompts, requests }, random, ends);
  await onnx.close();
  expect(completions.filter((tokens) => tokens === null).length).toBeLessThan(6);
  // Some end by themselves, and some are cut.
  expect(new Set(completions.map((tokens) => tokens?.at(-1) === ends.endToken)).size).toBe(2);
  for (const [at, { prompt, temperature, rollout, purpose }] of requests.entries()) {
    const tokens = completions[at];
    if (tokens === null || tokens === undefined) continue;
    const wanted: number[] = [];
    while (wanted.at(-1) !== ends.endToken && wanted.length < ends.maxCompletionLength) {
      const text = [...(prompts[prompt] ?? []), ...wanted];
      const last = forward(config, named, layRows([text])).logits.slice(-config.vocab_size);
      const [word] = philox4x32([wanted.length, rollout, random.step, purpose], [random.seed, 0]);
      const u = (word >>> 8) / 2 ** 24;
      const [token = NaN] =
        temperature === 0 ? greedy(last, 1, last.length) : sample(last, [u], last.length, temperature).tokens;
      wanted.push(token);
    }
    expect(tokens, `request ${at}`).toEqual(wanted);
  }
});
