import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Course, Streak } from '../../src/diagnostics/course.ts';
import { mean } from '../../src/lib/stats.ts';

/** A streak of marks, a step each: # is so, . is not, | forgets. */
function streakOf(marks: string): Streak {
  const streak = new Streak();
  let step = 0;
  for (const mark of marks) {
    if (mark === '|') streak.forget();
    else streak.add(mark === '#', ++step);
  }
  return streak;
}

/** What rows count where a row was so with this chance before. */
const worth = (chance: number): number => Math.min(1, -1.5 * Math.log10(chance));

describe('rows in a row', () => {
  it.each<[string, string, number, number]>([
    ['counts them, from the first', '####', 1, 4],
    ['one in ten may differ', '##########.', 1, 10],
    ['and what follows belongs to them', '##########.##', 1, 12],
    ['but not one in nine', '#########.', 1, 0],
    [
      'the next ones count by how often rows were so before: (3 + 1) ÷ (4 + 2)',
      '###.##',
      5,
      2 * worth(4 / 6),
    ],
    ['those that differed are rows, too: (3 + 1) ÷ (6 + 2)', '###...###', 7, 3 * worth(4 / 8)],
    ['where few were so before, they count in full', '#.........####', 11, 4],
    ['what is forgotten was not so', '###|###', 4, 3 * worth(1 / 5)],
    ['but it was there, what differed in it as well', '##########.|###.###', 16, 3 * worth(4 / 17)],
    ['and before it, too: 4 + 2 rows', '###.##|####.#', 12, worth(5 / 13)],
  ])('%s', (_, marks, since, rows) => {
    const { stretch } = streakOf(marks);
    expect(stretch.rows).toBeCloseTo(rows, 12);
    if (rows > 0) expect(stretch.since).toBe(since);
  });
});

/** Median, by its definition. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return half % 1 === 0
    ? ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2
    : (sorted[Math.floor(half)] ?? NaN);
}

it('tells of all that was added what its values say, written out', () => {
  const value = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -4, max: 4 }) }, fc.constant(Infinity));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 90 }),
      fc.integer({ min: 1, max: 20 }),
      (all, many) => {
        const course = new Course();
        const values: number[] = [];
        let best = -Infinity;
        for (const [row, each] of all.entries()) {
          course.add(each, row + 1, row);
          const infinite = all
            .slice(0, row + 1)
            .reverse()
            .findIndex(Number.isFinite);
          const rows = infinite === -1 ? row + 1 : infinite;
          expect(course.notFinite).toEqual({ since: rows === 0 ? NaN : row + 2 - rows, rows });
          if (Number.isFinite(each)) values.push(each);
          const half = Math.max(1, Math.floor(values.length / 2));
          const window = (of: number): number => Math.min(of, half);
          const recent = (of: number): number[] => values.slice(-window(of));
          const start = (of: number): number[] => values.slice(0, window(of));
          expect(course.count).toBe(values.length);
          if (values.length === 0) continue;
          expect(course.newest).toBe(values.at(-1));
          expect([course.least, course.greatest]).toEqual([Math.min(...values), Math.max(...values)]);
          expect(course.recent(many)).toBe(mean(recent(many)));
          expect(course.start(many)).toBe(mean(start(many)));
          expect(course.typicalNow(many)).toBe(median(recent(many)));
          expect(course.typicalStart(many)).toBe(median(start(many)));
          // Asked again, and of another window.
          expect(course.typicalNow(3)).toBe(median(recent(3)));
          expect(course.typicalNow(many)).toBe(median(recent(many)));
          if (values.length >= 10) best = Math.max(best, mean(recent(10)));
          expect(course.best).toBe(best);
          const squares = values.slice(1).map((later, i) => (later - (values[i] ?? NaN)) ** 2 / 2);
          const variance = squares.reduce((sum, square) => sum + square, 0) / Math.max(1, squares.length);
          const error = (of: number): number => Math.sqrt((2 * variance) / window(of));
          expect(course.errorOf(many)).toBeCloseTo(error(many), 12);
          const third = Math.min(20, Math.max(4, Math.floor(values.length / 3)));
          const risen = mean(recent(third)) - mean(start(third));
          // Neither side of it by the last bit of a sum.
          if (Math.abs(risen - 2 * error(third)) > 1e-9) {
            expect(course.rose).toBe(values.length < 10 ? null : risen > 2 * error(third));
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe('is logged no more once its rows lie further back than twice their widest gap and ten', () => {
  it.each<[string, readonly number[], number]>([
    ['of every row', [0, 1, 2, 3], 3 + 12],
    ['of every row from the fifth on', [4, 5, 6], 6 + 12],
    ['of the first row and the sixth', [0, 5, 6], 6 + 20],
    ['of every tenth, and two in a row', [9, 19, 20], 20 + 30],
    ['of one row', [7], 7 + 12],
  ])('%s', (_, rows, until) => {
    const course = new Course();
    for (const row of rows) course.add(1, row + 1, row);
    expect([until, until + 1].map((row) => course.isStale(row))).toEqual([false, true]);
  });
});

describe('stands at its lowest', () => {
  const floorOf = (values: readonly number[]) => {
    const course = new Course();
    for (const [row, value] of values.entries()) course.add(value, row + 1, row);
    return course.atFloor;
  };

  it.each<[string, readonly number[], number, number]>([
    ['since it came there', [5, 5, 5, 0, 0, 0], 4, 3],
    ['within a hundredth of all there was', [100, 50, 0, 1, 0.5, 1], 3, 4 * worth(1 / 4)],
    ['and not beyond it', [100, 50, 0, 1, 1.5], 3, 0],
    ['what lies lower begins anew', [100, 0, 0, 0, -5, -5], 5, 2],
    ['but not what lies lower by less than that', [100, 0.5, 0.4, 0, 0.1], 2, 4 * worth(1 / 3)],
    ['nor has it stood there since it was higher', [100, 1, 0.5, 0, -0.2, -0.1], 5, 2],
    ['a constant always does', [3, 3, 3], 1, 3],
  ])('%s', (_, values, since, rows) => {
    const floor = floorOf(values);
    expect(floor.rows).toBeCloseTo(rows, 12);
    if (rows > 0) expect(floor.since).toBe(since);
  });
});
