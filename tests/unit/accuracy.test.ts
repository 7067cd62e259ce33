import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Accuracy } from '../../src/diagnostics/accuracy.ts';
import { summarise } from '../../src/diagnostics/collapse.ts';

it('holds where a summary of all its evaluations says so, after each of them', () => {
  // Some fall anywhere, some stay where nothing collapses, some climb slowly, as runs do.
  const any = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 60 });
  const high = fc.array(fc.integer({ min: 16, max: 20 }), { minLength: 1, maxLength: 60 });
  const climbing = fc
    .array(fc.integer({ min: -1, max: 2 }), { minLength: 1, maxLength: 60 })
    .map((changes) => changes.reduce<number[]>((all, by) => [...all, (all.at(-1) ?? 5) + by], []));
  let held = 0;
  fc.assert(
    fc.property(fc.oneof(any, high, climbing), (values) => {
      const accuracy = new Accuracy();
      for (const [index, value] of values.entries()) {
        accuracy.add({ step: index, sampled: value / 20 });
        const all = summarise(accuracy.curve) ?? expect.fail('it has evaluations');
        held += Number(accuracy.held);
        expect(accuracy.held).toBe(all.collapseStep === null && all.retention > 0.9 && all.final > all.base);
      }
      expect(accuracy.curve).toHaveLength(values.length);
    }),
    { numRuns: 500 },
  );
  expect(held).toBeGreaterThan(500);
});

it('does not hold below nine tenths of its best, however long ago that was', () => {
  const heldAfter = (later: number): boolean => {
    const accuracy = new Accuracy();
    const curve = [0.5, 0.7, 1, ...Array<number>(30).fill(later)];
    for (const [step, sampled] of curve.entries()) accuracy.add({ step, sampled });
    return accuracy.held;
  };
  expect([heldAfter(0.88), heldAfter(0.92)]).toEqual([false, true]);
});

it('never holds again once it has collapsed, and holds in a long run that does not', () => {
  const long = new Accuracy();
  const fallen = new Accuracy();
  for (let step = 0; step < 1000; step++) {
    long.add({ step, sampled: step < 100 ? step / 100 : 0.97 });
    fallen.add({ step, sampled: step >= 400 && step < 405 ? 0.1 : Math.min(0.9, step / 100) });
  }
  expect(long.held).toBe(true);
  expect(fallen.held).toBe(false);
});
