import { describe, expect, it } from 'vitest';
import { Chance } from '../../bench/soak/chance.ts';
import { growthOf, median } from '../../bench/soak/growth.ts';
import { gapsIn, lossIn, type RecordedLane } from '../../bench/soak/lanes.ts';

const bound = { share: 0.1, bytes: 5 };

describe('choices of an action', () => {
  it('follow from the seed and its number, whatever others chose', () => {
    const draws = (seed: number, action: number) => {
      const chance = new Chance(seed, action);
      return Array.from({ length: 8 }, () => chance.whole(1000));
    };
    expect(draws(1, 7)).toEqual(draws(1, 7));
    expect(draws(1, 7)).not.toEqual(draws(1, 8));
    expect(draws(1, 7)).not.toEqual(draws(2, 7));
  });

  it('are made as often as their weights say', () => {
    const items = [
      { name: 'rare', weight: 1 },
      { name: 'usual', weight: 9 },
    ];
    const drawn = Array.from({ length: 1000 }, (_, action) => new Chance(3, action).weighted(items).name);
    const rare = drawn.filter((name) => name === 'rare').length;
    expect(rare).toBeGreaterThan(60);
    expect(rare).toBeLessThan(140);
    expect(() => new Chance(1, 1).weighted([])).toThrow('nothing to choose from');
  });
});

describe('growth', () => {
  it('is judged from the second eighth to the last quarter: what settles before does not count', () => {
    const settling = [10, 90, 100, 100, 100, 100, 100, 101];
    expect(growthOf(settling, bound)).toEqual({ from: 90, to: 100, most: 101, bounded: true });
    const leaking = Array.from({ length: 16 }, (_, at) => 100 + 5 * at);
    expect(growthOf(leaking, bound)).toMatchObject({ from: 110, bounded: false });
    // One look during a redraw is no growth.
    expect(growthOf([100, 100, 100, 100, 100, 400, 100, 100, 100, 100], bound)?.bounded).toBe(true);
  });

  it('is not judged by too little, nor by what is not known', () => {
    expect(growthOf([1, 2, 3], bound)).toBe(null);
    expect(growthOf(new Array<number>(20).fill(NaN), bound)).toBe(null);
    expect(median([3, 1, 2, 9])).toBe(2);
  });
});

describe('lanes as their record has them', () => {
  const lane = (name: string, rows: readonly string[], checkpointEvery = 2): RecordedLane => ({
    ...{ name, rows, checkpointEvery },
    steps: rows.map((_, step) => step),
  });
  const whole = lane('SRT', ['a', 'b', 'c', 'd', 'e']);

  it('have each step once', () => {
    expect(gapsIn([whole])).toEqual([]);
    expect(gapsIn([{ ...whole, steps: [0, 1, 3, 4] }])).toEqual(['row 2 of SRT is of step 3']);
  });

  it('lose nothing, or what came after a checkpoint, and what is left is what was there', () => {
    expect(lossIn([whole], [lane('SRT', [...whole.rows, 'f'])], false)).toEqual([]);
    expect(lossIn([whole], [lane('SRT', ['a', 'b', 'c'])], true)).toEqual([]);
    expect(lossIn([whole], [lane('SRT', ['a', 'b', 'c'])], false)).toEqual([
      'SRT lost 2 rows of 5, and 0 at most may be lost',
    ]);
    // Ten, where checkpoints lie closer.
    const long = lane('SRT', Array.from('abcdefghijklm'));
    expect(lossIn([long], [lane('SRT', ['a', 'b', 'c'])], true)).toEqual([]);
    expect(lossIn([long], [lane('SRT', ['a', 'b'])], true)).toEqual([
      'SRT lost 11 rows of 13, and 10 at most may be lost',
    ]);
    expect(lossIn([whole], [lane('SRT', ['a', 'x', 'c', 'd', 'e'])], true)).toEqual([
      'row 1 of SRT is another one',
    ]);
    expect(lossIn([whole], [], true)).toEqual(['1 lanes became 0']);
  });
});
