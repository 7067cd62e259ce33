import { expect, test } from 'vitest';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import { purposes } from '../../src/lib/philox.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { tasks } from '../../src/tasks/index.ts';
import { groupRollouts, requestsFor } from '../../src/trainer/rollouts.ts';

const counts = { M: 2, V: 0, N: 1, shadow: 2 };
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

test('an answer is read with the prompt that it is to', () => {
  const sort = tasks.sort ?? expect.fail('no task sort');
  const task = { ...sort, parseAnswer: (text: string, prompt: string) => `${text} to ${prompt}` };
  const tokens = characters.encode('#1.');
  const completions = Array.from({ length: 10 }, () => ({
    ...{ tokens, truncated: false, logProbs: new Float32Array(3) },
    ...{ entropies: new Float32Array(3), selfCertainties: new Float32Array(3) },
  }));
  const { groups, shadow } = groupRollouts(problems, counts, completions, task, characters);
  for (const [b, { prompt }] of problems.entries()) {
    const rollouts = [...(groups[b]?.rollouts ?? []), ...(shadow[b] ?? [])];
    expect(rollouts.map(({ answer }) => answer)).toEqual(Array(5).fill(`#1. to ${prompt}`));
  }
});

test('rollouts of the policy that only vote come after those it is trained on, and are its own next numbers', () => {
  const task = tasks.sort;
  if (task === undefined) throw new Error('no task sort');
  const more = { M: 1, V: 2, N: 1, shadow: 0 };
  const requests = requestsFor(2, more, 1);
  expect(requests.map(({ prompt, model }) => [prompt, model])).toEqual([
    [0, 'policy'],
    [0, 'policy'],
    [0, 'policy'],
    [1, 'policy'],
    [1, 'policy'],
    [1, 'policy'],
    [0, 'anchor'],
    [1, 'anchor'],
  ]);
  expect(requests.slice(0, 6)).toEqual(requestsFor(2, { M: 3, V: 0, N: 0, shadow: 0 }, 1));
  const completions = ['#1.', '#2.', '#3.', '#4.', '#5.', '#6.', '#7.', '#8.'].map((text) => ({
    tokens: characters.encode(text),
    truncated: false,
    logProbs: new Float32Array(3),
    entropies: new Float32Array(3),
    selfCertainties: new Float32Array(3),
  }));
  const { groups } = groupRollouts(problems, more, completions, task, characters);
  expect(
    groups.map(({ rollouts }) => rollouts.map(({ source, answer }) => `${source} ${answer ?? ''}`)),
  ).toEqual([
    ['policy 1', 'voter 2', 'voter 3', 'anchor 7'],
    ['policy 4', 'voter 5', 'voter 6', 'anchor 8'],
  ]);
});

test('prompts drawn anew have random numbers that none of the step had', () => {
  const numbers = [0, 1, 10].flatMap((tries) =>
    requestsFor(64, { M: 256, V: 0, N: 0, shadow: 0 }, 1, tries).map(({ rollout }) => rollout),
  );
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(Math.max(...numbers)).toBeLessThan(2 ** 32);
});
