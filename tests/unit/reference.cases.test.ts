import { describe, expect, it } from 'vitest';
import type { Case } from '../cases/case.ts';

const modules = import.meta.glob<{ cases: readonly Case[] }>('../cases/*.ts', { eager: true });
const stems = Object.entries(modules).flatMap(([path, { cases }]) =>
  // case.ts holds the type alone, model.ts whole models with checks of their own.
  path.endsWith('/case.ts') || path.endsWith('/model.ts')
    ? []
    : [{ stem: path.replace('../cases/', ''), cases }],
);

describe.each(stems)('cases of $stem', ({ cases }) => {
  it('have different names', () => {
    expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
  });

  it('include one more than a workgroup: a size of 65 or 257, or an array as long', () => {
    const long = (c: Case) =>
      [...Object.values(c.sizes), ...Object.values(c.inputs).map((x) => x.length)].some(
        (n) => n === 65 || n === 257,
      );
    expect(cases.some(long)).toBe(true);
  });

  it.each(cases)('$name: finite numbers, in and out', ({ inputs, expected }) => {
    for (const [name, values] of [...Object.entries(inputs), ...Object.entries(expected)]) {
      expect(values.length, name).toBeGreaterThan(0);
      expect(values.every(Number.isFinite), name).toBe(true);
    }
  });

  it('expect nothing trivial: each output varies and exceeds the tolerance somewhere', () => {
    const outputs = new Set(cases.flatMap((c) => Object.keys(c.expected)));
    for (const output of outputs) {
      const spread = cases.map((c) => {
        const values = [...(c.expected[output] ?? [])];
        return (
          Math.max(...values.map(Math.abs)) > 100 * c.tolerance &&
          new Set(values).size > (values.length > 1 ? 1 : 0)
        );
      });
      expect(spread.includes(true), output).toBe(true);
    }
  });
});
