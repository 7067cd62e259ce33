import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Columns, decimate, rowOfStep } from '../../src/store/columns.ts';

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

  it('finds the newest measured value at or before a row', () => {
    const columns = filled([
      [0, 1, 0.5],
      [1, 2, NaN],
      [2, 3, 0.7],
    ]);
    expect(columns.latest('eval')).toBe(0.7);
    expect(columns.latest('eval', 1)).toBe(0.5);
    expect(new Columns(ids).latest('eval')).toBeNaN();
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

describe('decimate', () => {
  it('draws a short run as it is, without the rows in which nothing was measured', () => {
    const steps = Float64Array.of(0, 1, 2, 3);
    const drawn = decimate(steps, [Float64Array.of(5, NaN, 6, NaN), Float64Array.of(1, NaN, NaN, 2)], 600);
    expect(drawn.steps).toEqual([0, 2, 3]);
    expect(drawn.points).toEqual([
      [5, 6, NaN],
      [1, NaN, 2],
    ]);
  });

  it('keeps a lone spike in either direction, in the order of occurrence', () => {
    const steps = Float64Array.from({ length: 1000 }, (_, step) => step);
    const values = new Float64Array(1000).fill(0.5);
    values[501] = 9;
    values[502] = -9;
    const { points } = decimate(steps, [values], 100);
    const drawn = points[0] ?? [];
    expect(drawn.length).toBeLessThanOrEqual(100);
    expect(drawn.indexOf(9)).toBeGreaterThan(-1);
    expect(drawn.indexOf(-9)).toBe(drawn.indexOf(9) + 1);
  });

  it('never exceeds the budget and never loses a minimum, a maximum or the last step', () => {
    const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(NaN));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 900 }),
        fc.integer({ min: 2, max: 200 }),
        (data, budget) => {
          const steps = Float64Array.from(data, (_, step) => step);
          const column = Float64Array.from(data);
          const { steps: drawnSteps, points } = decimate(steps, [column], budget);
          const measured = data.filter((number) => !Number.isNaN(number));
          const drawn = (points[0] ?? []).filter((number) => !Number.isNaN(number));
          expect(drawnSteps.length).toBeLessThanOrEqual(budget);
          expect(drawn.length === 0).toBe(measured.length === 0);
          expect(Math.min(...drawn)).toBe(Math.min(...measured));
          expect(Math.max(...drawn)).toBe(Math.max(...measured));
          expect([...drawnSteps]).toEqual([...drawnSteps].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('leaves the points already drawn where they are while a run grows by one bucket', () => {
    const values = Float64Array.from({ length: 700 }, (_, step) => Math.sin(step * 1.7));
    const steps = Float64Array.from(values, (_, step) => step);
    const before = decimate(steps.subarray(0, 640), [values.subarray(0, 640)], 600);
    const after = decimate(steps, [values], 600);
    expect(after.steps.slice(0, before.steps.length)).toEqual(before.steps);
    expect(after.points[0]?.slice(0, before.steps.length)).toEqual(before.points[0]);
  });
});

describe('rowOfStep', () => {
  it('names the nearest row', () => {
    const steps = Float64Array.of(0, 10, 20);
    expect([-5, 0, 4, 6, 19, 99].map((step) => rowOfStep(steps, step))).toEqual([0, 0, 0, 1, 2, 2]);
    expect(rowOfStep(new Float64Array(0), 3)).toBe(-1);
  });
});
