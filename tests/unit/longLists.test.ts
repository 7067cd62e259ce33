import { expect, it } from 'vitest';
import { taskOfPrompts } from '../../src/asking/promptsTask.ts';
import { largest } from '../../src/lib/stats.ts';
import { plotSvg } from '../../src/records/plotSvg.ts';

// What is short in every other test: a call takes some hundred thousand arguments at most, and a list in a list is slow.

const count = 200_000;

it('the largest of any number of values is found', () => {
  expect(largest(Array.from({ length: count }, (_, i) => (i * 7919) % count))).toBe(count - 1);
  expect([largest([]), largest([], 3), largest([1, 2], 3), largest([-5, -2])]).toEqual([-Infinity, 3, 3, -2]);
});

it('a file of many prompts is a task: a tenth is held out, and no prompt is in both parts', () => {
  const prompts = Array.from({ length: count }, (_, i) => ({ prompt: `What is ${i}?`, solution: null }));
  const { listed, promptLength } = taskOfPrompts([...prompts, ...prompts.slice(0, 10)], '####');
  const { training = [], heldOut = [] } = listed ?? {};
  expect([training.length, heldOut.length]).toEqual([0.9 * count, 0.1 * count]);
  expect(new Set([...training, ...heldOut].map(({ prompt }) => prompt)).size).toBe(count);
  expect(promptLength(1)).toBe('What is 199999?'.length);
});

it('four long runs are drawn on a page', () => {
  const curves = Array.from({ length: 4 }, () =>
    Array.from({ length: count / 4 }, (_, x) => ({ x, y: Math.sin(x) })),
  );
  expect(plotSvg(curves, [], 'long')).toContain(`>${count / 4 - 1}</text>`);
});
