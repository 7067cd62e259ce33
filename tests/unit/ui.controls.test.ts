import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { checkValue } from '../../src/settings/settings.ts';
import { knobOf } from '../../src/store/lanes.ts';
import type { ShownRollout } from '../../src/session/protocol.ts';
import {
  neighbour,
  type NumericHyperparameter,
  positionOf,
  valueAtPosition,
} from '../../src/ui/controls/scale.ts';
import {
  formatBytes,
  formatColumn,
  formatCount,
  formatDuration,
  formatShare,
  formatTick,
  formatValue,
} from '../../src/ui/format.ts';
import { fateOf, tally } from '../../src/ui/rollouts/votes.ts';

const sliders = hyperparameterKeys.flatMap((key) => {
  const knob = knobOf(key);
  return knob.kind === 'real' || knob.kind === 'integer' ? [{ key, knob }] : [];
});

function sliderOf(wanted: string): NumericHyperparameter {
  const found = sliders.find(({ key }) => key === wanted);
  if (found === undefined) throw new Error(`no slider ${wanted}`);
  return found.knob;
}

describe('sliders', () => {
  it.each(sliders)('$key gives allowed values only, ascending, ends included', ({ key, knob }) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (position) => {
        expect(checkValue(key, valueAtPosition(knob, position))).toBe(valueAtPosition(knob, position));
      }),
    );
    const values = Array.from({ length: 101 }, (_, at) => valueAtPosition(knob, at / 100));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect([values[0], values[100]]).toEqual([...knob.range]);
  });

  it.each(sliders)('$key shows its default where the default is set', ({ knob }) => {
    const back = valueAtPosition(knob, positionOf(knob, knob.default));
    const near = Math.abs(positionOf(knob, back) - positionOf(knob, knob.default));
    expect(near).toBeLessThan(0.01);
  });

  it.each(sliders)('$key moves by arrow keys in both directions', ({ knob }) => {
    const [min, max] = knob.range;
    const middle = valueAtPosition(knob, 0.5);
    expect(neighbour(knob, middle, 1)).toBeGreaterThan(middle);
    expect(neighbour(knob, middle, -1)).toBeLessThan(middle);
    expect(neighbour(knob, max, 1)).toBe(max);
    expect(neighbour(knob, min, -1)).toBe(min);
  });

  it('puts 0.9, 0.99 and 0.999 evenly apart', () => {
    const knob = sliderOf('anchorMomentum');
    expect([0.9, 0.99, 0.999].map((value) => positionOf(knob, value))).toEqual([
      expect.closeTo(0.25),
      expect.closeTo(0.5),
      expect.closeTo(0.75),
    ]);
  });
});

describe('numbers', () => {
  it('have sensible digits', () => {
    expect([0.944, 0.0461, 7e-4, 1e-5, -0.5, 12.34, 456.7, 61_400, NaN, 0].map(formatValue)).toEqual([
      '.94',
      '.046',
      '7e−4',
      '1e−5',
      '−.50',
      '12.3',
      '457',
      '61,400',
      '–',
      '.00',
    ]);
    expect([0.046, 1, NaN].map(formatShare)).toEqual(['.05', '1.00', '–']);
    expect([-0.25, -150_000, 2.5e-9].map(formatTick)).toEqual(['−.25', '−150k', '2.5e-9']);
    expect(formatCount(-1234)).toBe('−1,234');
    expect([4, 750, 3725].map(formatDuration)).toEqual(['0:04', '12:30', '1:02:05']);
    expect([512, 9.8e6, 4e9].map(formatBytes)).toEqual(['512 B', '9.8 MB', '4.0 GB']);
  });

  it('of a column stand below each other, and none reads 0 that is not', () => {
    expect(formatColumn([0.05, 1.234, NaN, 0, -0.5])).toEqual(['.05', '1.23', '–', '.00', '−.50']);
    expect(formatColumn([0.021, 12.34, 0])).toEqual(['.021', '12.3', '.0']);
    expect(formatColumn([0.05, 0.0123])).toEqual(['.050', '.012']);
    expect(formatColumn([61_400, 12, 0])).toEqual(['61,400', '12.0', '.00']);
    expect(formatColumn([])).toEqual([]);
  });
});

describe('votes', () => {
  const rollout = (source: ShownRollout['source'], answer: string | null, kept = true): ShownRollout => ({
    source,
    answer,
    kept,
    votes: kept && source !== 'shadow',
    pieces: [],
    reward: null,
    advantage: null,
    meanEntropy: 0,
    entropies: [],
    logProbs: [],
    truncated: false,
  });
  const rollouts = [
    rollout('policy', '12'),
    rollout('policy', '21'),
    rollout('policy', '21', false),
    rollout('policy', null),
    rollout('anchor', '12'),
  ];
  const group = {
    step: 1,
    prompt: '21=',
    index: 0,
    flags: [],
    iqr: NaN,
    pseudoLabel: '12',
    solution: '12',
    threshold: NaN,
    rollouts,
  };

  it('count what votes: not the pruned, and no answer last', () => {
    expect(tally(group)).toEqual([
      { answer: '12', policy: 1, anchor: 1 },
      { answer: '21', policy: 1, anchor: 0 },
      { answer: null, policy: 1, anchor: 0 },
    ]);
    const heard = { ...group, rollouts: rollouts.map((each) => ({ ...each, votes: true })) };
    expect(tally(heard).find(({ answer }) => answer === '21')?.policy).toBe(2);
  });

  it('count those of the policy that only vote as the policy’s, and leave out whom nobody heard', () => {
    const voted = [
      rollout('voter', '12'),
      { ...rollout('policy', '21'), votes: false },
      rollout('anchor', '12'),
    ];
    expect(tally({ ...group, rollouts: voted })).toEqual([{ answer: '12', policy: 1, anchor: 1 }]);
    expect(voted.map(fateOf)).toEqual(['votes', 'kept', 'votes']);
  });

  it('leave a shadow anchor out: it is only watched', () => {
    const watched = { ...group, rollouts: [...rollouts.slice(0, 4), rollout('shadow', '12')] };
    expect(tally(watched)[0]).toEqual({ answer: '12', policy: 1, anchor: 0 });
    expect(watched.rollouts.map(fateOf)).toEqual(['kept', 'kept', 'pruned', 'kept', 'watched']);
    expect(fateOf(rollout('anchor', '12'))).toBe('votes');
  });
});
