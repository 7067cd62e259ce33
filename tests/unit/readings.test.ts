import { describe, expect, it } from 'vitest';
import { Course, type Stretch } from '../../src/diagnostics/course.ts';
import {
  anySignals,
  type Courses,
  mustBeFinite,
  readSignal,
  toldBy,
} from '../../src/diagnostics/readings.ts';
import { type Signal, warningScore, watchScore } from '../../src/diagnostics/signal.ts';
import { signals } from '../../src/diagnostics/signals.ts';
import type { MetricId } from '../../src/spec/metrics.ts';

type Columns = Partial<Record<MetricId, readonly number[]>>;

const none: Courses['dead'] = { stretch: { since: NaN, rows: 0 }, by: 'reward/zero_std_groups' };

/** What a rule reads in a run of some columns. */
function seenBy({ metric }: Signal, columns: Columns, dead = none): Courses {
  const courses = new Map<MetricId, Course>();
  for (const [id, values] of Object.entries(columns) as [MetricId, readonly number[]][]) {
    const course = new Course();
    for (const [row, value] of values.entries()) course.add(value, row + 1, row);
    courses.set(id, course);
  }
  return { course: courses.get(metric), courses, dead };
}

const times = (count: number, value: number): readonly number[] => Array<number>(count).fill(value);
const read = (signal: Signal, columns: Columns, dead = none) =>
  readSignal(signal, seenBy(signal, columns, dead));
const told = (signal: Signal, columns: Columns, dead = none) => toldBy(signal, seenBy(signal, columns, dead));

/** A score by hand: how far a figure is from amber to red. */
const score = (way: number): number => watchScore + way * (warningScore - watchScore);

it('every rule, its column, whose runs its levels hold for, and what is compared with them', () => {
  expect(
    signals.map(({ name, metric, holds, compared }) => [name, metric, holds, compared].join(' | ')),
  ).toEqual([
    'not finite | optim/grad_norm | any | not finite',
    'no gradient | reward/zero_std_groups | any | dead rows',
    'floor | reward/mean | any | floor rows',
    'rate | optim/lr | any | value',
    'reward fell | reward/mean | any | lost',
    'overlap | vote/answer_overlap | both | value',
    'one answer | vote/top_label_share | both | rise',
    'no answer | vote/no_answer | both | rise',
    'limit | completion/truncated | lab | rise',
    'short | completion/length | lab | ratio',
    'babble | policy/entropy | lab | ratio',
    'no gradient | reward/zero_std_groups | lab | value',
    'far | policy/kl_ref | lab | value',
    'sharpened | policy/entropy | any | fallen',
    'babble | policy/entropy | any | ratio',
    'far | policy/kl_ref | any | grown',
    'far | policy/kl_ref | any | typical',
    'steep | optim/grad_norm | any | grown',
    'steep | optim/loss | any | grown',
    'limit | completion/truncated | any | rise',
    'short | completion/length | any | ratio',
    'endless | completion/truncated | any | value',
    'far | policy/kl_ref | any | grown',
    'flat | reward/mean | any | flat',
  ]);
});

/** Figures of a metric, as docs/watch.md gives the levels: at the start, at amber, at red. In the order of the rules. */
const levels: readonly [string, number, number, number][] = [
  ['rate', 1e-5, 0.1, 10],
  ['overlap', 1, 0.85, 0.75],
  ['one answer', 0.25, 0.55, 0.75],
  ['no answer', 0.125, 0.325, 0.525],
  ['sharpened', 1, 10 ** -1.6, 1e-3],
  ['babble', 1, 2, 4],
  ['far', 0.02, 2, 0.02 * 10 ** 3.5],
  ['far', 100, 100, 1e4],
  ['steep', 1, 100, 1000],
  ['steep', 1, 100, 1e4],
  ['limit', 0.125, 0.425, 0.625],
  ['short', 8, 4, 2],
  ['endless', 1, 0.95, 1],
  ['far', 0.125, 1.25, 12.5],
];
const ownTest = ['not finite', 'dead rows', 'floor rows', 'lost', 'flat'];
const levelled = anySignals.filter(({ compared }) => !ownTest.includes(compared));

it('every rule of any run has its levels here, or a test of its own', () => {
  expect(levelled.map(({ name }) => name)).toEqual(levels.map(([name]) => name));
});

describe.each(levels.map((level, index) => [...level, index] as const))(
  '%s, from %d',
  (_, start, amber, red, index) => {
    const signal = levelled[index] ?? expect.fail('no rule');
    const { metric, compared, steps, beside } = signal;
    const compares = compared !== 'value' && compared !== 'typical';
    const least = compares ? 10 : steps;
    /** Half of it the start, half of it the figure; the figure alone where the start says nothing. */
    const course = (figure: number, rows = 40): Columns => ({
      [metric]: [
        ...times(compares ? Math.floor(rows / 2) : 0, start),
        ...times(compares ? Math.ceil(rows / 2) : rows, figure),
      ],
    });
    const beyond = amber + 1e-6 * (red - amber);

    it('scores a third at amber and two thirds at red, and is silent below where nothing makes it red', () => {
      expect(read(signal, course(beyond))?.score).toBeCloseTo(watchScore, 4);
      expect(read(signal, course(red))?.score).toBeCloseTo(warningScore, 9);
      expect(read(signal, course(red))?.redBeside).toBe(beside !== undefined);
      const before = amber - 1e-6 * (red - amber);
      if (beside === undefined || beside === signal.amber) expect(read(signal, course(before))).toBeNull();
    });

    it('and before it was measured often enough', () => {
      expect(read(signal, course(red, least))).not.toBeNull();
      expect(read(signal, course(red, least - 1))).toBeNull();
      expect(read(signal, {})).toBeNull();
    });

    it('tells its figure, and that of the start', () => {
      expect(told(signal, course(red))).toEqual({
        ...{
          value: expect.closeTo(red, 9) as number,
          start: compares ? start : red,
          also: NaN,
          since: NaN,
          names: '',
          metrics: [metric],
        },
      });
      expect(told(signal, {})).toEqual({
        ...{ value: NaN, start: NaN, also: NaN, since: NaN, names: '', metrics: [metric] },
      });
    });
  },
);

const ruleOf = (name: string, metric: MetricId, compared?: string): Signal =>
  anySignals.find(
    (signal) =>
      signal.name === name && signal.metric === metric && (compared ?? signal.compared) === signal.compared,
  ) ?? expect.fail(name);

describe('at the border', () => {
  const short = ruleOf('short', 'completion/length');
  const babble = ruleOf('babble', 'policy/entropy');
  const sharpened = ruleOf('sharpened', 'policy/entropy');
  const rate = ruleOf('rate', 'optim/lr');
  const lengths = (start: number, now: number): Columns => ({
    'completion/length': [...times(20, start), ...times(20, now)],
  });
  const entropies = (start: number, now: number): Columns => ({
    'policy/entropy': [...times(20, start), ...times(20, now)],
  });

  it('a figure at amber is not beyond it', () => {
    expect(read(short, lengths(8, 4))).toBeNull();
    expect(read(rate, { 'optim/lr': [0.1] })).toBeNull();
  });

  it('beside another sign less is enough: a twentieth of the entropy', () => {
    expect(read(sharpened, entropies(1, 0.0502))).toBeNull();
    const between = read(sharpened, entropies(1, 0.0501)) ?? expect.fail('it says nothing');
    expect(between.redBeside).toBe(true);
    expect(between.score).toBeLessThan(watchScore);
  });

  it('what is large at last must reach a size, and may be as large', () => {
    expect([read(babble, entropies(0.25, 1))?.score, read(babble, entropies(0.2, 0.999))]).toEqual([
      warningScore,
      null,
    ]);
    const far = ruleOf('far', 'policy/kl_ref', 'grown');
    const kl = (now: number): Columns => ({ 'policy/kl_ref': [...times(20, 0), ...times(20, now)] });
    expect([read(far, kl(1)) === null, read(far, kl(0.999))]).toEqual([false, null]);
    // Of either sign: a loss of −1,000 is no smaller than one of 1,000.
    const steep = ruleOf('steep', 'optim/loss');
    expect(read(steep, { 'optim/loss': [...times(20, -1), ...times(20, -1000)] })?.score).toBeCloseTo(
      score(0.5),
      9,
    );
  });

  it('a ratio to nothing says nothing, nor do figures below it', () => {
    expect(read(babble, entropies(0, 5))).toBeNull();
    expect(read(babble, entropies(-1, 5))).toBeNull();
    expect(read(short, lengths(8, -1))).toBeNull();
    expect(read(short, lengths(8, 0))?.score).toBe(score(2));
    // A differential entropy may be below 0.
    expect(read(sharpened, entropies(-1, -0.001))).toBeNull();
    expect(read(sharpened, entropies(1, 0))?.score).toBe(1);
  });
});

describe('what is not finite', () => {
  const [signal] = anySignals;
  if (signal === undefined) throw new Error('no rules');
  const fine = times(30, 1);
  const never = times(30, Infinity);
  const names: Readonly<Record<string, string>> = {
    'optim/grad_norm': 'gradient norm',
    'optim/loss': 'loss',
    'policy/kl_ref': 'KL',
    'policy/entropy': 'entropy',
    'reward/mean': 'reward',
  };

  it.each<[string, Columns, number, MetricId[], number]>([
    ['one row', { 'optim/loss': [...fine, Infinity] }, 1, ['optim/loss'], 31],
    [
      'two columns, named in their order, since the first of them',
      { 'policy/kl_ref': [...fine, Infinity, Infinity], 'optim/grad_norm': [1, ...fine, Infinity] },
      3,
      ['optim/grad_norm', 'policy/kl_ref'],
      31,
    ],
    ['no more, once it is finite again', { 'reward/mean': [...fine, Infinity, 1] }, 0, [], NaN],
    ['a norm that never is a number', { 'optim/grad_norm': never, 'policy/kl_ref': fine }, 0, [], NaN],
    [
      'nor is it named beside another column',
      { 'optim/grad_norm': never, 'policy/entropy': [...fine, Infinity] },
      1,
      ['policy/entropy'],
      31,
    ],
    ['a loss that never is one', { 'optim/loss': never }, 30, ['optim/loss'], 1],
    [
      'a norm where the policy stands still',
      { 'optim/grad_norm': never, 'policy/kl_ref': times(10, 0) },
      30,
      ['optim/grad_norm'],
      1,
    ],
    ['but not in nine rows', { 'optim/grad_norm': never, 'policy/kl_ref': times(9, 0) }, 0, [], NaN],
    [
      'nor where KL is at most 0',
      { 'optim/grad_norm': never, 'policy/kl_ref': [...times(9, 0), -1] },
      0,
      [],
      NaN,
    ],
    ['or at least', { 'optim/grad_norm': never, 'policy/kl_ref': [...times(9, 0), 1] }, 0, [], NaN],
  ])('%s', (_, columns, rows, ids, since) => {
    const reading = read(signal, columns);
    if (rows === 0) {
      expect(reading).toBeNull();
      return;
    }
    expect(reading?.score).toBeCloseTo(Math.min(1, score(rows / 1.5)), 12);
    expect(told(signal, columns)).toMatchObject({
      metrics: ids,
      since,
      names: ids.map((id) => names[id]).join(', '),
    });
  });

  it('has a name in every column that must be', () => {
    expect(mustBeFinite).toEqual(Object.keys(names));
  });
});

it('rows without gradient: what says so, and since when', () => {
  const signal = ruleOf('no gradient', 'reward/zero_std_groups');
  const stretch: Stretch = { since: 7, rows: 11.5 };
  const by = (id: MetricId): Courses['dead'] => ({ stretch, by: id });
  expect(read(signal, {}, by('reward/std'))?.score).toBe(score(0.5));
  expect(read(signal, {}, { stretch: { since: 7, rows: 7.5 }, by: 'reward/std' })).toBeNull();
  const shares: Columns = {
    'reward/zero_std_groups': [0.5, 0.97],
    'reward/std': [0.2],
    'optim/grad_norm': [0],
  };
  const rests = { start: NaN, also: NaN, since: 7 };
  expect(told(signal, shares, by('reward/zero_std_groups'))).toEqual({
    ...{ ...rests, value: 0.97, names: '', metrics: ['reward/zero_std_groups'] },
  });
  expect(told(signal, shares, by('reward/std'))).toEqual({
    ...rests,
    value: 1,
    names: '',
    metrics: ['reward/std'],
  });
  expect(told(signal, shares, by('optim/grad_norm'))).toEqual({
    ...{ ...rests, value: 1, names: 'gradient norm', metrics: ['optim/grad_norm'] },
  });
});

it('rows at the lowest: one that never differs is red only where it is not above 0', () => {
  const signal = ruleOf('floor', 'reward/mean');
  const scoreOf = (...values: readonly number[]) => read(signal, { 'reward/mean': values })?.score;
  expect(scoreOf(...times(40, 0.5))).toBeCloseTo(score(4.5 / 8), 12);
  expect([scoreOf(...times(40, 0)), scoreOf(...times(40, -1))]).toEqual([1, 1]);
  expect(scoreOf(...times(9, 1), ...times(16, 0))).toBeCloseTo(score(8.5 / 8), 12);
  const columns: Columns = { 'reward/mean': [...times(9, 1), ...times(16, 0)] };
  expect(told(signal, columns)).toMatchObject({ value: 0, start: 1, since: 10 });
});

describe('the share of what a reward had gained that is lost', () => {
  const signal = ruleOf('reward fell', 'reward/mean');
  const lostOf = (...values: readonly number[]) => {
    const reading = read(signal, { 'reward/mean': values });
    return reading === null ? null : 0.5 + (0.4 * (reading.score - watchScore)) / (warningScore - watchScore);
  };

  it.each<[string, readonly number[], number | null]>([
    ['of a gain of 1, 0.6', [...times(10, 0), ...times(20, 1), ...times(10, 0.4)], 0.6],
    ['of a gain of 0.1, 0.06', [...times(10, 0.9), ...times(20, 1), ...times(10, 0.94)], 0.6],
    ['without a gain, of all it has fallen by', [...times(20, 1), ...times(20, -0.4)], 1],
    ['or of half its size', [...times(20, 4), ...times(20, 2.8)], 0.6],
    ['or of half of its lowest', [...times(20, -3), ...times(20, -4.2)], 1.2 / 2.1],
    ['not of one that only rose', [...times(20, 0), ...times(20, 1)], null],
    [
      'nor of one that fluctuates',
      Array.from({ length: 40 }, (_, row) => (row % 2) * (row < 30 ? 1 : 0.4)),
      null,
    ],
    ['nor before it was measured twenty times', [...times(9, 1), ...times(10, 0)], null],
    ['but then', [...times(10, 1), ...times(10, 0)], 1],
  ])('%s', (_, values, share) => {
    if (share === null) expect(lostOf(...values)).toBeNull();
    // A score is 1 at most.
    else expect(lostOf(...values)).toBeCloseTo(Math.min(share, 1.3), 9);
  });

  it('tells the best ten rows', () => {
    const columns: Columns = { 'reward/mean': [...times(10, 0), ...times(20, 1), ...times(10, 0.4)] };
    expect(told(signal, columns)).toMatchObject({ start: 1 });
    expect(told(signal, columns).value).toBeCloseTo(0.4, 12);
  });
});

it('a reward is flat where it has not risen, once it was measured ten times', () => {
  const signal = ruleOf('flat', 'reward/mean');
  const flat = (...values: readonly number[]) => read(signal, { 'reward/mean': values })?.score ?? null;
  expect([flat(...times(10, 1)), flat(...times(9, 1))]).toEqual([warningScore, null]);
  expect(flat(...times(20, 0), ...times(20, 1))).toBeNull();
});
