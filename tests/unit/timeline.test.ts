import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointBytes, RecentCheckpoints, type Checkpoint } from '../../src/trainer/checkpoint.ts';
import { Thinned } from '../../src/session/thinned.ts';

const item = (step: number) => ({ step });
const bytesOf = (items: readonly unknown[]) => 10 * items.length;

function checkpoint(step: number): Checkpoint {
  const policy = new Float32Array(4);
  const state = { policy, anchor: policy, m: policy, v: policy };
  return {
    step,
    updates: step,
    state,
    anchored: true,
    overlap: [],
    warning: {},
    passing: false,
    earlier: [],
  };
}

describe('what a timeline keeps', () => {
  it('is everything while there is room, then every second record, and always the first and the newest', () => {
    const kept = new Thinned(60, bytesOf);
    for (let step = 1; step <= 6; step++) kept.add(item(step));
    expect(kept.items.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    kept.add(item(7));
    expect(kept.items.map(({ step }) => step)).toEqual([1, 2, 4, 6, 7]);
    kept.add(item(8));
    expect(kept.items.map(({ step }) => step)).toEqual([1, 2, 4, 6, 8]);
  });

  it('never exceeds its budget by more than its two ends, and gives the newest record before a step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 1, max: 500 }), (budget, steps) => {
        const kept = new Thinned(budget, bytesOf);
        for (let step = 1; step <= steps; step++) kept.add(item(step));
        expect(kept.sizeBytes).toBeLessThanOrEqual(Math.max(20, budget));
        expect(kept.items.at(-1)?.step).toBe(steps);
        for (const { step } of kept.items) expect(kept.before(step)?.step).toBe(step);
        const half = kept.until(steps / 2);
        expect(half.items.every(({ step }) => step <= steps / 2)).toBe(true);
      }),
    );
  });
});

describe('what the guard can go back to', () => {
  it('is the newest checkpoint that is old enough, or the start', () => {
    const recent = new RecentCheckpoints(checkpoint(0));
    for (const step of [10, 20, 30, 40]) recent.add(checkpoint(step), 20);
    expect(recent.before(45 - 20).step).toBe(20);
    expect(recent.before(5 - 20).step).toBe(recent.kept[0]?.step);
    // Nothing is kept that can't be asked for any more.
    expect(recent.kept.map(({ step }) => step)).toEqual([20, 30, 40]);
  });

  it('forgets the way it went back on', () => {
    const recent = new RecentCheckpoints(checkpoint(0));
    for (const step of [10, 20, 30]) recent.add(checkpoint(step), 20);
    recent.goBackTo(recent.before(10));
    recent.add(checkpoint(40), 20);
    expect(recent.kept.map(({ step }) => step)).toEqual([10, 40]);
  });

  it('is held in memory once', () => {
    expect(checkpointBytes(checkpoint(1))).toBe(4 * 16);
  });
});
