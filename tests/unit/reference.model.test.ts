import { describe, expect, it } from 'vitest';
import { compare } from '../reference/compare.ts';
import { dot, finiteDifference } from '../reference/finite_difference.ts';
import { readGolden } from '../reference/golden.ts';
import * as logSoftmax from '../reference/log_softmax.ts';
import { forward, layRows } from '../reference/model.ts';
import { createRandom } from '../reference/random.ts';
import { greedy } from '../reference/sample.ts';
import { randomWeights, tensorShapes } from '../reference/weights.ts';

const tiny = {
  hidden_size: 6,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  intermediate_size: 7,
  vocab_size: 5,
  rms_norm_eps: 1e-6,
  rope_theta: 100,
  tie_word_embeddings: true,
};
const rows = layRows([[1, 4, 4, 0], [2], [3, 1, 2]]);

describe.each([true, false])('the whole model, tied embeddings %s', (tied) => {
  const config = { ...tiny, tie_word_embeddings: tied };

  it('backward agrees with finite differences on entries of every tensor', () => {
    const random = createRandom(41);
    const weights = randomWeights(config, random);
    const pass = forward(config, weights, rows);
    const dlogits = random.normals(pass.logits.length);
    const grads = pass.backward(dlogits);
    expect([...grads.keys()].sort()).toEqual([...tensorShapes(config).keys()].sort());
    for (const [name, values] of weights) {
      const picked = [0, 1, 2].map(() => random.integer(values.length));
      const numeric = finiteDifference(
        () => dot(forward(config, weights, rows).logits, dlogits),
        values,
        picked,
      );
      const analytic = picked.map((i) => grads.get(name)?.[i] ?? NaN);
      expect(compare(analytic, numeric, 1e-6).message, name).toBe('');
      expect(
        grads.get(name)?.some((value) => Math.abs(value) > 1e-4),
        name,
      ).toBe(true);
    }
  });

  it('sequences do not see each other, and rows do not see the future', () => {
    const weights = randomWeights(config, createRandom(42));
    const together = forward(config, weights, rows).logits;
    const V = config.vocab_size;
    const alone = forward(config, weights, layRows([[3, 1, 2]])).logits;
    expect(compare(together.slice(5 * V), alone, 1e-14).message).toBe('');
    const shorter = forward(config, weights, layRows([[1, 4]])).logits;
    expect(compare(together.slice(0, 2 * V), shorter, 1e-14).message).toBe('');
  });
});

describe('the golden model', () => {
  const golden = readGolden();
  const { config, weights, vocabulary, temperature } = golden;
  const V = config.vocab_size;
  const encode = (text: string) => Array.from(text, (character) => vocabulary.get(character) ?? NaN);

  it('has exactly the tensors of its configuration', () => {
    expect([...weights.keys()].sort()).toEqual([...tensorShapes(config).keys()].sort());
  });

  it.each(golden.cases)('$prompt logits, log-probabilities and entropies', (expected) => {
    expect(encode(expected.prompt + expected.completion)).toEqual(expected.ids);
    const { logits } = forward(config, weights, layRows([expected.ids]));
    const last = expected.prompt.length - 1;
    const atPrompt = logits.slice(last * V, (last + 1) * V);
    // Printed to six decimals.
    expect(compare(atPrompt, expected.logits_last_prompt_token, 1e-6).message).toBe('');
    const completion = expected.ids.slice(last + 1);
    const scoring = logits.slice(last * V, (last + completion.length) * V);
    const { logProb, entropy } = logSoftmax.forward(scoring, completion, V, temperature);
    expect(compare(logProb, expected.log_probs, 1e-6).message).toBe('');
    expect(compare(entropy, expected.entropies, 1e-6).message).toBe('');
  });

  it.each(golden.cases)('$prompt greedy completion', (expected) => {
    // By id: JavaScript lists integer-like keys first, whatever their place in the file.
    const characters = [...vocabulary].sort(([, a], [, b]) => a - b).map(([character]) => character);
    let text = expected.prompt;
    while (text.length < expected.prompt.length + expected.greedy.length) {
      const { logits } = forward(config, weights, layRows([encode(text)]));
      const [token] = greedy(logits.slice(-V), 1, V);
      text += characters[token ?? NaN] ?? '?';
    }
    expect(text).toBe(expected.prompt + expected.greedy);
  });
});
