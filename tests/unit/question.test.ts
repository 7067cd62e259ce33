import { describe, expect, it, vi } from 'vitest';
import { planAdapterRun } from '../../src/asking/adapterRun.ts';
import { Calls, promptsOf } from '../../src/asking/calls.ts';
import { openAsked, type AskedModel } from '../../src/asking/model.ts';
import { questionOf, workOf } from '../../src/asking/question.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { defaultAdapter } from '../../src/settings/adapterKnobs.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { taskOfList } from '../../src/tasks/draw.ts';

const path = 'public/models/sort-64-early';
const base = await openAsked(pretrainedFolder(path), path);
const how = { groupSize: 4, temperature: 1, maxTokens: 8, seed: 1, rows: 8, template: null };

/** The model, and how often its tokenizer was used. */
function counting(): { model: AskedModel; encoded: () => number } {
  let count = 0;
  const { tokenizer } = base;
  const encode: typeof tokenizer.encode = (...text) => {
    count++;
    return tokenizer.encode(...text);
  };
  return { model: { ...base, tokenizer: { ...tokenizer, encode } }, encoded: () => count };
}

const texts = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ prompt: `${10_000 + i}=`, solution: null }));

it('a task of prompts reads a countdown by the numbers of its prompt, however that is written', async () => {
  const prompts = [
    { prompt: '24=', solution: '24', numbers: [3, 8] },
    { prompt: '11=', solution: '11', numbers: [8, 3] },
    { prompt: '5=', solution: '5' },
  ];
  const choice = { ...defaultAdapter, answer: '####', template: '1{prompt}' };
  const { task } = await planAdapterRun(
    { ...{ base, called: 'base', path, prompts, from: null }, choice },
    validateSettings({}),
  );
  const read = (prompt: string) => task.parseAnswer('#### 8*3', prompt);
  expect(['124=', '111=', '15='].map(read)).toEqual(['24', '24', '8*3']);
  expect(task.parseAnswer('#### 8*3*1', '124=')).toBeNull();
  // As long as no prompt says its numbers, what a record knows its prompts by is what it was.
  expect(Object.keys(prompts[2] ?? {})).toEqual(['prompt', 'solution']);
});

describe('prompts are cut into tokens once', () => {
  it('whatever else is asked of them, and trained on them', async () => {
    const { model, encoded } = counting();
    const prompts = texts(50);
    await questionOf([model], prompts, how);
    await questionOf([model], prompts, { ...how, groupSize: 3, maxTokens: 9 });
    // Beside an adapter of the same base, it is the same tokenizer.
    await questionOf([model, { ...model, path: 'other' }], prompts, how);
    expect(encoded()).toBe(50);
    const parts = { base: model, called: 'base', path, prompts, from: null, choice: defaultAdapter };
    const run = await planAdapterRun(parts, validateSettings({ steps: 2 }));
    const other = await planAdapterRun(parts, validateSettings({ steps: 3 }));
    expect(encoded()).toBe(50);
    expect(other.task).toBe(run.task);
    const found = await planAdapterRun(
      { ...parts, choice: { ...defaultAdapter, answer: 'boxed' } },
      validateSettings({}),
    );
    expect(found.task.parseAnswer('\\boxed{7}', '')).toBe('7');
  });

  it('and anew for another model, another way of writing and other prompts', async () => {
    const { model, encoded } = counting();
    const prompts = texts(10);
    await questionOf([model], prompts, how);
    await questionOf([model], prompts, { ...how, template: '0{prompt}' });
    expect(encoded()).toBe(20);
    const again = await questionOf([model], prompts, how);
    expect([encoded(), again.first]).toEqual([20, '10000=']);
    await questionOf([model], texts(10), how);
    expect(encoded()).toBe(30);
    const other = counting();
    await questionOf([other.model], prompts, how);
    expect(other.encoded()).toBe(10);
  });

  it('a long list in turns: what else is there to do is done meanwhile', async () => {
    const { model, encoded } = counting();
    const prompts = Array.from({ length: 300 }, (_, i) => ({ prompt: `${i}`.repeat(1000), solution: null }));
    let meanwhile = 0;
    setTimeout(() => {
      meanwhile = encoded();
    });
    await questionOf([model], prompts, how);
    expect(meanwhile).toBeGreaterThan(0);
    expect(meanwhile).toBeLessThan(300);
    expect(encoded()).toBe(300);
  });
});

describe('completions are cut into calls', () => {
  it('in order of prompts, each prompt once in a call', async () => {
    for (const [prompts, groupSize, inFlight] of [
      [5, 3, 4],
      [3, 8, 3],
      [4, 2, 100],
      [7, 1, 1],
    ] as const) {
      const all = Array.from({ length: prompts * groupSize }, (_, i) => ({
        prompt: Math.floor(i / groupSize),
        completion: i % groupSize,
      }));
      const expected = Array.from({ length: Math.ceil(all.length / inFlight) }, (_, call) =>
        all.slice(call * inFlight, (call + 1) * inFlight),
      );
      const calls = new Calls(prompts, groupSize, inFlight);
      expect([...calls]).toEqual(expected);
      expect([calls.count, calls.inFlight]).toEqual([expected.length, expected[0]?.length]);
      const weight = (prompt: number) => 10 ** prompt;
      expect([...calls.sums(weight)]).toEqual(
        expected.map((call) => promptsOf(call).reduce((sum, prompt) => sum + weight(prompt), 0)),
      );
    }
    const question = await questionOf([base], texts(5), { ...how, groupSize: 3, rows: 4 });
    const length = question.ids[0]?.length ?? 0;
    expect(question.capacity).toMatchObject({ completions: 4, promptTokens: 2 * (length - 1) });
    // Calls of 0 and 1, of 1 and 2, of 2 and 3, of 4.
    expect(workOf(question, 1)).toMatchObject({ promptTokens: 7 * length, positions: 4 * how.maxTokens });
  });

  it('and refused with the figures where there are too many to hold, before anything is cut into tokens', async () => {
    const { model, encoded } = counting();
    const many = Array.from({ length: 100_000 }, () => ({ prompt: '1=', solution: null }));
    await expect(questionOf([model], many, { ...how, groupSize: 16 })).rejects.toMatchObject({
      code: 'does-not-fit',
      message:
        '16 completions of each of 100,000 prompts are 1,600,000, and at most 1,048,576 are held at a time.',
      remedy: 'Ask for fewer of each, or give a part of the prompts.',
    });
    expect(encoded()).toBe(0);
  });
});

it('a list is split by reading each prompt once', () => {
  const problems = Array.from({ length: 1000 }, (_, i) => ({ prompt: `a long prompt ${i}`, solution: '' }));
  const read = vi.spyOn(String.prototype, 'charCodeAt');
  taskOfList(problems);
  const times = read.mock.calls.length;
  read.mockRestore();
  expect(times).toBe(problems.reduce((sum, { prompt }) => sum + prompt.length, 0));
});
