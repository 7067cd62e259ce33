import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EarlyWarning, labSignals, type Assessment } from '../../src/diagnostics/earlyWarning.ts';
import { overlapZones, warningScore, watchScore } from '../../src/diagnostics/signal.ts';
import { metrics, type MetricId, type MetricRow } from '../../src/spec/metrics.ts';

type Row = Partial<MetricRow>;

/** What a run looks like at its start, and a healthy one throughout. */
const calm = {
  'vote/answer_overlap': 0.97,
  'vote/top_label_share': 0.125,
  'vote/no_answer': 0.01,
  'vote/unanimous': 0,
  'reward/zero_std_groups': 0,
  'completion/truncated': 0.01,
  'completion/length': 7,
  'policy/entropy': 0.6,
  'policy/kl_ref': 0.01,
} satisfies Row;

const noOverlap: Row = { ...calm, 'vote/answer_overlap': NaN };

function times(count: number, row: Row): Row[] {
  return Array.from({ length: count }, () => row);
}

/** The assessment after the last of the rows. */
function after(...rows: readonly Row[]): Assessment {
  const warning = new EarlyWarning();
  const all = rows.map((row) => warning.add(row));
  return all.at(-1) ?? expect.fail('no rows');
}

/** After ten calm steps and ten of these. */
function then(row: Row, start: Row = calm): Assessment {
  return after(...times(10, start), ...times(10, row));
}

describe('answer overlap', () => {
  it.each([
    [0.97, 0, 'healthy'],
    [0.85, watchScore, 'healthy'],
    [0.8, 0.5, 'watch'],
    [0.75, warningScore, 'watch'],
    [0.7, 5 / 6, 'warning'],
    [0.1, 1, 'warning'],
  ])('%d scores %d: %s', (overlap, score, state) => {
    const assessment = then({ ...calm, 'vote/answer_overlap': overlap });
    expect(assessment.score).toBeCloseTo(score, 12);
    expect(assessment).toMatchObject({ state, signal: 'vote/answer_overlap' });
  });

  it('says its figure in plain words', () => {
    expect(then({ ...calm, 'vote/answer_overlap': 0.62 }).reason).toBe(
      'Policy and anchor answer alike 62 % as often as each does with itself.',
    );
    // No share is above 1; the ratio is, by the luck of few samples.
    expect(then({ ...calm, 'vote/answer_overlap': 1.9 }).reason).toBe(
      'Policy and anchor answer alike at least as often as each does with itself.',
    );
  });

  it('is an average of ten steps already: one row is enough', () => {
    expect(after(...times(10, calm), { ...calm, 'vote/answer_overlap': 0.5 }).state).toBe('warning');
  });

  it('has the levels that the vote chart draws', () => {
    expect(labSignals[0]).toMatchObject({ metric: 'vote/answer_overlap', ...overlapZones });
  });
});

describe('both directions of a collapse', () => {
  it.each<[string, Row, MetricId, string]>([
    ['entropy doubles: babbling', { 'policy/entropy': 1.3 }, 'policy/entropy', '1.30 nats, from 0.60'],
    ['completions shrink', { 'completion/length': 3 }, 'completion/length', '3.0 tokens, from 7.0'],
    ['completions run into the limit', { 'completion/truncated': 0.5 }, 'completion/truncated', '50 %'],
    ['no answers are left', { 'vote/no_answer': 0.6 }, 'vote/no_answer', '60 % of the completions'],
    [
      'one answer to everything',
      { 'vote/top_label_share': 0.9 },
      'vote/top_label_share',
      '90 % of the prompts',
    ],
  ])('%s: red, overlap or not', (_, change, signal, says) => {
    for (const start of [calm, noOverlap]) {
      const assessment = then({ ...start, ...change }, start);
      expect(assessment).toMatchObject({ state: 'warning', signal });
      expect(assessment.reason).toContain(says);
      expect(assessment.reason).toMatch(/[^.]\.$/);
    }
  });

  it('is smoothed over ten steps: a single outlier is none', () => {
    expect(after(...times(10, calm), { ...calm, 'policy/entropy': 1.5 }).state).toBe('healthy');
  });

  it('compares with the run’s own start: a task whose answers are few is not collapsed', () => {
    const few = { ...calm, 'vote/top_label_share': 0.7, 'completion/truncated': 0.6, 'vote/no_answer': 0.6 };
    expect(then(few, few)).toMatchObject({ state: 'healthy', score: 0 });
  });
});

describe('signals that can’t raise a warning', () => {
  it.each<[string, Row, MetricId]>([
    ['no gradient left', { 'reward/zero_std_groups': 1, 'vote/unanimous': 1 }, 'reward/zero_std_groups'],
    ['far from the base', { 'policy/kl_ref': 5 }, 'policy/kl_ref'],
  ])('%s: amber at most where there is no overlap, nothing beside it', (_, change, signal) => {
    expect(then({ ...noOverlap, ...change }, noOverlap)).toMatchObject({ state: 'watch', signal });
    expect(then({ ...calm, ...change })).toMatchObject({ state: 'healthy', score: 0 });
  });

  it('groups without gradient count only if the votes are unanimous too', () => {
    expect(then({ ...noOverlap, 'reward/zero_std_groups': 1 }, noOverlap).state).toBe('healthy');
    expect(then({ 'reward/zero_std_groups': 1 }, {})).toMatchObject({ score: 0, signal: null });
  });
});

it('falling entropy alone never alarms', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 60 }),
      fc.constantFrom(calm, noOverlap),
      (values, start) => {
        const warning = new EarlyWarning();
        for (const entropy of values.sort((a, b) => b - a)) {
          expect(warning.add({ ...start, 'policy/entropy': entropy }).score).toBe(0);
        }
      },
    ),
  );
});

it('of signals that are equally loud the first of the list speaks', () => {
  const all = { 'vote/answer_overlap': 0.1, 'vote/no_answer': 1, 'policy/entropy': 3 };
  expect(then({ ...calm, ...all })).toMatchObject({ score: 1, signal: 'vote/answer_overlap' });
});

describe('what is missing', () => {
  it('is not judged: no rows, no signals, and the run’s own start', () => {
    for (const assessment of [after({}), after({ step: 0, 'eval/sampled': 0.4 }), after(...times(9, calm))]) {
      expect(assessment).toMatchObject({ score: 0, state: 'healthy', signal: null });
      expect(assessment.reason).toContain('Nothing to judge by yet');
    }
    // Noise of the first steps, when policy and anchor are still the same.
    expect(after({ ...calm, 'vote/answer_overlap': 0.7 }).state).toBe('healthy');
    expect(after(...times(9, calm), { ...calm, 'vote/answer_overlap': 0.7 }).state).toBe('warning');
  });

  it('is what cannot be: fewer than no tokens, or a ratio to none; none at all are a collapse', () => {
    const length = (tokens: number): Row => ({ 'completion/length': tokens });
    expect(then(length(-1), length(7))).toMatchObject({ score: 0, signal: null });
    expect(then(length(7), length(0))).toMatchObject({ score: 0, signal: null });
    expect(then(length(0), length(7))).toMatchObject({ score: 1, signal: 'completion/length' });
  });

  it('leaves the rest to be judged: a log with one column', () => {
    const entropy = (value: number): Row => ({ 'policy/entropy': value });
    expect(then(entropy(2), entropy(0.5))).toMatchObject({ state: 'warning', signal: 'policy/entropy' });
  });

  it('a row of an evaluation changes nothing', () => {
    const alarmed = { ...calm, 'policy/entropy': 1.3 };
    const before = then(alarmed);
    const rows = [...times(10, calm), ...times(10, alarmed)];
    expect(after(...rows, ...times(20, { 'eval/sampled': 0.2 }))).toEqual(before);
  });

  it('is no part of the start: that is the first ten rows which measured', () => {
    const gap = { ...calm, 'policy/entropy': NaN };
    const babble = { ...calm, 'policy/entropy': 1.3 };
    const rows = [calm, gap, ...times(8, calm), gap, calm];
    expect(after(...rows, ...times(10, babble))).toMatchObject({
      state: 'warning',
      reason: expect.stringContaining('from 0.60 at the start') as string,
    });
  });

  it('is not remembered either: a track per metric, with what was measured', () => {
    const warning = new EarlyWarning();
    warning.add({ 'policy/entropy': 0.6 });
    expect(Object.keys(warning.state).sort()).toEqual(Object.keys(calm).sort());
    expect(warning.state['policy/entropy']).toEqual({ recent: [0.6], first: [0.6] });
    expect(warning.state['policy/kl_ref']).toEqual({ recent: [null], first: [] });
  });

  it('a metric that is logged no more is forgotten after ten rows', () => {
    const gone = { ...calm, 'policy/entropy': NaN };
    const rows = [...times(10, calm), ...times(10, { ...calm, 'policy/entropy': 1.3 })];
    expect(after(...rows, ...times(9, gone)).state).toBe('warning');
    expect(after(...rows, ...times(10, gone)).state).toBe('healthy');
  });
});

it('going back clears the windows, not the start', () => {
  const babble = { ...calm, 'policy/entropy': 1.3 };
  const warning = new EarlyWarning();
  for (const row of [...times(10, calm), ...times(9, babble)]) warning.add(row);
  // The row of the intervention itself still says why.
  expect(warning.add({ ...babble, 'guard/rolled_back_to': 5 }).state).toBe('warning');
  expect(warning.add(calm).state).toBe('healthy');
  warning.forget();
  expect(warning.add(babble).state).toBe('warning');
  for (const row of times(10, babble)) warning.add(row);
  expect(warning.add(babble).reason).toContain('from 0.60 at the start');
});

const value = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0, max: 2, noNaN: true }) },
  fc.constantFrom(NaN, Infinity, -Infinity, 0, 1e300),
);
const rows = fc.array(
  fc.record(
    {
      step: fc.nat(),
      'eval/sampled': value,
      'guard/rolled_back_to': fc.constantFrom(NaN, NaN, NaN, 3),
      ...Object.fromEntries(Object.keys(calm).map((id) => [id, value])),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<Row[]>;

describe('laws', () => {
  it('restored from its state it goes on alike, and a copy of the state is as good', () => {
    fc.assert(
      fc.property(rows, fc.nat({ max: 40 }), (all, cut) => {
        const whole = new EarlyWarning();
        const assessments = all.map((row) => whole.add(row));
        const first = new EarlyWarning();
        for (const row of all.slice(0, cut)) first.add(row);
        const state = structuredClone(first.state);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        const second = new EarlyWarning(state);
        expect(all.slice(cut).map((row) => second.add(row))).toEqual(assessments.slice(cut));
        expect(second.state).toEqual(whole.state);
      }),
    );
  });

  it('a state handed out is not changed by later rows', () => {
    const warning = new EarlyWarning();
    for (const row of times(12, calm)) warning.add(row);
    const [kept, copy] = [warning.state, structuredClone(warning.state)];
    for (const row of times(5, { ...calm, 'policy/entropy': 3 })) warning.add(row);
    expect(kept).toEqual(copy);
  });

  it('scores are in [0, 1], never NaN, and the state follows from the score', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const warning = new EarlyWarning();
        for (const row of all) {
          const { score, state, reason } = warning.add(row);
          expect(score >= 0 && score <= 1).toBe(true);
          expect(state).toBe(score > warningScore ? 'warning' : score > watchScore ? 'watch' : 'healthy');
          expect(reason).not.toMatch(/NaN|Infinity|undefined/);
        }
      }),
    );
  });

  it('remembers windows, not the run', () => {
    const warning = new EarlyWarning();
    const size = (): number => JSON.stringify(warning.state).length;
    for (const row of times(20, calm)) warning.add(row);
    const early = size();
    for (const row of times(500, calm)) warning.add(row);
    expect(size()).toBe(early);
  });

  it('no signal needs the truth, and each has room between amber and red', () => {
    for (const { metric, and, amber, red, steps } of labSignals) {
      for (const id of and === undefined ? [metric] : [metric, and])
        expect(metrics[id].needsTruth).toBe(false);
      expect(amber).not.toBe(red);
      expect(steps).toBeLessThanOrEqual(10);
    }
  });
});
