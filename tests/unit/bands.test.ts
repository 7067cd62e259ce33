import { describe, expect, it } from 'vitest';
import type { Phase, PhaseState } from '../../src/diagnostics/phases.ts';
import { bandsOf } from '../../src/ui/story/bands.ts';

/** Phases one behind another, from step 0. */
function phases(...stretches: readonly (readonly [number, PhaseState])[]): readonly Phase[] {
  let from = 0;
  return stretches.map(([steps, state]) => {
    const phase = { from, to: from + steps, state };
    from += steps;
    return phase;
  });
}

describe('bands of phases', () => {
  it('are the phases where each is wide enough, or alone between wide ones', () => {
    const all = phases([10, 'together'], [1, 'parting'], [7, 'apart'], [5, 'collapsed']);
    expect(bandsOf(all, 5)).toEqual(all.map((phase) => ({ ...phase, count: 1 })));
  });

  it('join narrow ones in a row until they are wide enough, by the state of most of their steps', () => {
    const all = phases(
      [10, 'together'],
      ...([1, 2, 1, 2].map((steps) => [steps, steps === 1 ? 'together' : 'parting']) as [
        number,
        PhaseState,
      ][]),
      [1, 'apart'],
      [9, 'collapsed'],
    );
    expect(bandsOf(all, 4)).toEqual([
      { from: 0, to: 10, state: 'together', count: 1 },
      { from: 10, to: 14, state: 'together', count: 3 },
      { from: 14, to: 17, state: 'parting', count: 2 },
      { from: 17, to: 26, state: 'collapsed', count: 1 },
    ]);
  });

  it('cover every step once, and are no more than there is room for', () => {
    const all = phases(
      ...Array.from({ length: 5000 }, (_, i) => [1 + (i % 3), i % 2 === 0 ? 'parting' : 'apart'] as const),
    );
    const bands = bandsOf(all, 50);
    expect(bands.length).toBeLessThanOrEqual(10_000 / 50);
    expect(bands[0]?.from).toBe(0);
    expect(bands.at(-1)?.to).toBe(all.at(-1)?.to);
    for (const [at, { to }] of bands.slice(0, -1).entries()) expect(bands[at + 1]?.from).toBe(to);
    expect(bands.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });

  it('are one band where the chart has no width, and no band without a phase', () => {
    expect(bandsOf(phases([1, 'together'], [1, 'apart']), Infinity)).toHaveLength(1);
    expect(bandsOf([], 4)).toEqual([]);
  });
});
