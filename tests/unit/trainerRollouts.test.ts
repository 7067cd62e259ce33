import { expect, test } from 'vitest';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import { purposes } from '../../src/lib/philox.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { tasks } from '../../src/tasks/index.ts';
import { groupRollouts, requestsFor } from '../../src/trainer/rollouts.ts';

const counts = { M: 2, N: 1, shadow: 2 };
const problems = [
  { prompt: '21=', solution: '12' },
  { prompt: '30=', solution: '03' },
];

test('the policy samples its own; anchor and shadow sample from the anchor, each with a stream of its own', () => {
  const requests = requestsFor(problems.length, counts, 1.1);
  const of = (purpose: number) => requests.filter((request) => request.purpose === purpose);
  expect(of(purposes.policyRollout).map(({ model, prompt }) => [model, prompt])).toEqual([
    ['policy', 0],
    ['policy', 0],
    ['policy', 1],
    ['policy', 1],
  ]);
  expect(of(purposes.anchorRollout).map(({ model, prompt }) => [model, prompt])).toEqual([
    ['anchor', 0],
    ['anchor', 1],
  ]);
  expect(of(purposes.shadowRollout)).toHaveLength(4);
  expect(of(purposes.shadowRollout).every(({ model }) => model === 'anchor')).toBe(true);
  expect(new Set(requests.map(({ rollout, purpose }) => `${String(purpose)} ${String(rollout)}`)).size).toBe(
    10,
  );
});

test('completions come back to the prompt and the model that sampled them; truncated ones answer nothing', () => {
  const task = tasks.sort;
  if (task === undefined) throw new Error('no task sort');
  const completion = (text: string): Completion => ({
    tokens: characters.encode(text),
    truncated: !text.endsWith('.'),
    logProbs: new Float32Array(text.length),
    entropies: new Float32Array(text.length).fill(0.5),
    selfCertainties: new Float32Array(text.length),
  });
  const texts = ['#1.', '#2.', '#3.', '#4', '#5.', '#6.', '#7.', '#8.', '#9.', '#0.'];
  const { groups, shadow } = groupRollouts(problems, counts, texts.map(completion), task, characters);
  expect(groups.map(({ rollouts }) => rollouts.map(({ source, answer }) => [source, answer]))).toEqual([
    [
      ['policy', '1'],
      ['policy', '2'],
      ['anchor', '5'],
    ],
    [
      ['policy', '3'],
      ['policy', null],
      ['anchor', '6'],
    ],
  ]);
  expect(shadow.map((rollouts) => rollouts.map(({ answer }) => answer))).toEqual([
    ['7', '8'],
    ['9', '0'],
  ]);
  expect(groups[0]?.rollouts[0]?.meanEntropy).toBe(0.5);
});
