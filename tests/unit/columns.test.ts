import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketSize, Columns, decimate, rowOfStep } from '../../src/store/columns.ts';

const ids = ['step', 'loss', 'eval'] as const;

function filled(rows: readonly (readonly number[])[]): Columns<(typeof ids)[number]> {
  const columns = new Columns(ids, 2);
  columns.append(Float64Array.from(rows.flat()), rows.length);
  return columns;
}

describe('Columns', () => {
  it('grows past its capacity and keeps every value', () => {
    const columns = new Columns(ids, 2);
    for (let step = 0; step < 37; step++) columns.append(Float64Array.of(step, step * 0.5, NaN), 1);
    expect(columns.length).toBe(37);
    expect([...columns.column('loss')]).toEqual(Array.from({ length: 37 }, (_, step) => step * 0.5));
  });

  it('grows by doubling: appending copies each value a few times at most, however long the run is', () => {
    const columns = new Columns(ids, 2);
    const buffers = new Set<ArrayBufferLike>();
    for (let step = 0; step < 10_000; step++) {
      columns.append(Float64Array.of(step, 0, NaN), 1);
      buffers.add(columns.column('loss').buffer);
    }
    expect(buffers.size).toBe(14);
  });

  it('finds the newest measured value at or before a row', () => {
    const columns = filled([
      [0, 1, 0.5],
      [1, 2, NaN],
      [2, 3, 0.7],
    ]);
    expect(columns.latest('eval')).toBe(0.7);
    expect(columns.latest('eval', 1)).toBe(0.5);
    columns.append(Float64Array.of(3, 4, NaN), 1);
    expect(columns.latest('eval')).toBe(0.7);
    expect(columns.latest('loss')).toBe(4);
    expect(new Columns(ids).latest('eval')).toBeNaN();
  });

  it('smooths as a whole what it smooths piece by piece, over the steps asked for last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(NaN)), { minLength: 1 }),
        fc.integer({ min: 0, max: 20 }),
        (data, first) => {
          const rows = data.map((value, step) => [step, value, NaN]);
          const whole = filled(rows).smoothed('loss', 9);
          const columns = filled(rows.slice(0, first));
          columns.smoothed('loss', 2);
          columns.smoothed('loss', 9);
          for (const row of rows.slice(first)) columns.append(Float64Array.from(row), 1);
          expect([...columns.smoothed('loss', 9)]).toEqual([...whole]);
          expect([...whole].map(Number.isNaN)).toEqual(data.map(Number.isNaN));
        },
      ),
    );
  });

  it('smooths in steps: what is measured every tenth step as far as what is measured at each', () => {
    // From 0 to 1 at step 50: ten steps on, both have come as far.
    const jump = (every: number) =>
      filled(
        Array.from({ length: 61 }, (_, step) => [step, step % every === 0 ? Number(step > 50) : NaN, NaN]),
      ).smoothed('loss', 5);
    expect(jump(1).at(-1)).toBeGreaterThan(0.8);
    expect(jump(10).at(-1)).toBeGreaterThan(0.8);
    expect(jump(10).at(-1)).toBeLessThan(1);
  });

  it('tells histories apart', () => {
    expect(new Columns(ids).serial).not.toBe(new Columns(ids).serial);
  });

  it('leaves out of a record what was not measured', () => {
    expect(filled([[4, 0.25, NaN]]).record(0)).toEqual({ step: 4, loss: 0.25 });
  });

  it('copies rows, and refuses a buffer that is too short', () => {
    const columns = new Columns(ids, 2);
    const rows = Float64Array.of(0, 1, 2);
    columns.append(rows, 1);
    rows.fill(9);
    expect(columns.latest('loss')).toBe(1);
    expect(() => columns.append(rows, 2)).toThrow(RangeError);
  });
});

/** Rows 0, 1, 2 … of one metric. */
function run(values: readonly number[]): [steps: Float64Array, values: Float64Array] {
  return [Float64Array.from(values, (_, step) => step), Float64Array.from(values)];
}

/** The values at `at` of those measured, by bucket of `size` steps. */
function byBucket(steps: Iterable<number>, values: Iterable<number>, size: number): Map<number, number[]> {
  const all = [...values];
  const buckets = new Map<number, number[]>();
  [...steps].forEach((step, at) => {
    const value = all[at] ?? NaN;
    const bucket = Math.floor(step / size);
    if (!Number.isNaN(value)) buckets.set(bucket, [...(buckets.get(bucket) ?? []), value]);
  });
  return buckets;
}

const measured = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const histories = fc.array(fc.oneof({ weight: 3, arbitrary: measured }, fc.constant(NaN)), {
  minLength: 1,
  maxLength: 400,
});
const sizes = fc.constantFrom(1, 2, 4, 8, 32, 128);

describe('decimate', () => {
  it('keeps a short run as it is; what was not measured leaves one gap', () => {
    const { steps, values } = decimate(...run([NaN, 5, NaN, NaN, 6, 7, NaN]), 1);
    expect(steps).toEqual([1, 2, 4, 5]);
    expect(values).toEqual([5, NaN, 6, 7]);
  });

  it('keeps first, lowest, highest and last of a bucket, at their own steps', () => {
    const { steps, values } = decimate(...run([3, 4, 9, 4, 1, 2, 4, 3, 3, 3, 3, 3]), 8);
    expect(steps).toEqual([0, 2, 4, 7, 8, 11]);
    expect(values).toEqual([3, 9, 1, 3, 3, 3]);
  });

  it('leaves a gap where a whole bucket measured nothing, and none within a bucket', () => {
    const { values } = decimate(...run([1, NaN, NaN, 2, NaN, NaN, NaN, NaN, 3, NaN, NaN, NaN]), 4);
    expect(values).toEqual([1, 2, NaN, 3]);
  });

  it('keeps the extremes and the ends of every bucket, and at most four of its points', () => {
    fc.assert(
      fc.property(histories, sizes, (data, size) => {
        const [steps, values] = run(data);
        const thinned = decimate(steps, values, size);
        const before = byBucket(steps, values, size);
        const after = byBucket(thinned.steps, thinned.values, size);
        expect([...after.keys()]).toEqual([...before.keys()]);
        for (const [bucket, all] of before) {
          const kept = after.get(bucket) ?? [];
          expect(kept.length).toBeLessThanOrEqual(4);
          expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)]);
          expect([kept[0], kept.at(-1)]).toEqual([all[0], all.at(-1)]);
        }
      }),
    );
  });

  it('makes nothing up and keeps the order; a gap lies between two points, and never beside another', () => {
    fc.assert(
      fc.property(histories, sizes, (data, size) => {
        const { steps, values } = decimate(...run(data), size);
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
        values.forEach((value, at) => {
          if (!Number.isNaN(value)) expect(value).toBe(data[steps[at] ?? NaN]);
          else expect([values[at - 1], values[at + 1]]).not.toContainEqual(expect.toSatisfy(unmeasured));
        });
      }),
    );
  });

  it('leaves points already drawn where they are while a run grows', () => {
    fc.assert(
      fc.property(histories, sizes, (data, size) => {
        const whole = decimate(...run(data), size);
        const full = Math.floor(data.length / 2 / size) * size;
        const part = decimate(...run(data.slice(0, full)), size);
        expect(whole.steps.slice(0, part.steps.length)).toEqual(part.steps);
        expect(whole.values.slice(0, part.steps.length)).toEqual(part.values);
      }),
    );
  });
});

function unmeasured(value: unknown): boolean {
  return value === undefined || Number.isNaN(value);
}

describe('bucketSize', () => {
  it('keeps a run within the budget, whatever its values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 8, max: 700 }), (lastStep, budget) => {
        const size = bucketSize(lastStep, budget);
        // The worst there is: four different rows in each bucket.
        const zigzag = Array.from({ length: lastStep + 1 }, (_, step) => Math.sin(step * 2.1) * (1 + step));
        expect(decimate(...run(zigzag), size).steps.length).toBeLessThanOrEqual(budget);
        expect(Math.log2(size) % 1).toBe(0);
      }),
    );
  });

  it('loses nothing while every step fits', () => {
    expect([50, 600, 639, 640, 10_000].map((lastStep) => bucketSize(lastStep, 640))).toEqual([
      1, 1, 1, 8, 64,
    ]);
  });
});

describe('rowOfStep', () => {
  it('names the nearest row', () => {
    const steps = Float64Array.of(0, 10, 20);
    expect([-5, 0, 4, 6, 19, 99].map((step) => rowOfStep(steps, step))).toEqual([0, 0, 0, 1, 2, 2]);
    expect(rowOfStep(new Float64Array(0), 3)).toBe(-1);
  });
});
