import { expect, it } from 'vitest';
import { type BenchProgress, doing, groupSizes, partsOf, sizes, Told } from '../../src/bench/parts.ts';
import { secondsLeft } from '../../src/ui/bench/useBench.ts';

it.each([true, false])('a benchmark (quick: %s) says how far it is, and never goes back', (quick) => {
  const heard: BenchProgress[] = [];
  const parts = partsOf(20, quick);
  const told = new Told(parts, (progress) => heard.push(progress));
  for (const { doing: name } of parts) {
    told.begin(name);
    told.within(0.5);
    told.within(1);
  }
  const done = heard.map((each) => each.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect([done[0], done.at(-1)]).toEqual([0, 1]);
  expect(heard.map(({ part }) => part)).toEqual(parts.flatMap((_, at) => [at + 1, at + 1, at + 1]));
  expect(parts).toHaveLength(quick ? 4 : 5 + groupSizes.length + sizes.length);
  expect(() => {
    told.begin(doing.group(7));
  }).toThrow('no part');
});

it('what is left is guessed from what was done, less what passed since', () => {
  expect(secondsLeft({ done: 0, at: 900, since: 0 }, 1000)).toBeNull();
  expect(secondsLeft({ done: 0.25, at: 10_000, since: 0 }, 10_000)).toBe(30);
  expect(secondsLeft({ done: 0.25, at: 10_000, since: 0 }, 12_000)).toBe(28);
  expect(secondsLeft({ done: 0.9, at: 10_000, since: 0 }, 60_000)).toBe(0);
});
