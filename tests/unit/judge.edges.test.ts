import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunJudge, type Verdict } from '../../src/diagnostics/judge.ts';
import { watchScore } from '../../src/diagnostics/signal.ts';
import { type MetricId, type MetricRow, metrics } from '../../src/spec/metrics.ts';

type Row = Partial<MetricRow>;
type Columns = Partial<Record<MetricId, (row: number) => number>>;

/** Rows by hand: each metric as a function of the row, counted from 0; NaN where it is not logged. */
function rowsOf(count: number, columns: Columns): Row[] {
  return Array.from({ length: count }, (_, row): Row => {
    const values = Object.entries(columns).map(([id, of]) => [id, of(row)] as const);
    return {
      step: row + 1,
      ...(Object.fromEntries(values.filter(([, value]) => !Number.isNaN(value))) as Row),
    };
  });
}

function judgeOf(rows: readonly Row[], blind = false): RunJudge {
  const judge = new RunJudge(blind);
  for (const row of rows) judge.add(row);
  return judge;
}
const verdictOf = (rows: readonly Row[], blind = false): Verdict => judgeOf(rows, blind).verdict;
const namesOf = ({ findings }: Verdict): string[] => findings.map(({ name }) => name);

/** From a row on another value. */
const from = (at: number, before: number, after: number) => (row: number) => (row < at ? before : after);

/** Without noise, so that a figure lies where it is put; two values, so that nothing is constant. */
const flat = (row: number): number => 0.4 + 0.02 * (row % 2);
const rising = (row: number): number => 0.2 + 0.01 * row;
/** Accuracy on held-out prompts that is as good as ever, every ten rows. */
const holding = (row: number): number => (row % 10 === 0 ? 0.3 + 0.005 * row : NaN);

describe('what a sign means where the reward rose, is unknown, or accuracy holds', () => {
  const circumstances: readonly Columns[] = [
    { 'reward/mean': flat },
    { 'reward/mean': rising },
    {},
    { 'reward/mean': flat, 'eval/sampled': holding },
  ];

  it.each<[string, Columns, Verdict['state'][]]>([
    [
      'no gradient',
      { 'reward/zero_std_groups': from(30, 0.2, 1) },
      ['warning', 'watch', 'warning', 'healthy'],
    ],
    ['babble', { 'policy/entropy': from(30, 0.5, 4) }, ['warning', 'healthy', 'watch', 'healthy']],
    ['far', { 'policy/kl_ref': from(30, 0.01, 80) }, ['warning', 'healthy', 'watch', 'healthy']],
    ['far', { 'policy/kl_ref': () => 5e4 }, ['warning', 'warning', 'warning', 'warning']],
    ['steep', { 'optim/grad_norm': from(30, 0.5, 5e3) }, ['warning', 'watch', 'warning', 'warning']],
    ['steep', { 'optim/loss': from(30, 0.5, 5e5) }, ['warning', 'watch', 'warning', 'warning']],
    ['limit', { 'completion/truncated': from(30, 0.05, 0.9) }, ['warning', 'watch', 'watch', 'warning']],
    ['short', { 'completion/length': from(30, 200, 10) }, ['warning', 'healthy', 'watch', 'healthy']],
  ])('%s', (name, columns, states) => {
    const verdicts = circumstances.map((others) => verdictOf(rowsOf(60, { ...columns, ...others })));
    expect(verdicts.map(({ state }) => state)).toEqual(states);
    for (const verdict of verdicts) if (verdict.state !== 'healthy') expect(namesOf(verdict)[0]).toBe(name);
  });

  it('a reward at its lowest, that had risen by a few lucky rows', () => {
    const rows = (lucky: number) =>
      rowsOf(60, { 'reward/mean': (row) => Number(row === 42 || row === 43) * lucky });
    expect([verdictOf(rows(0)).state, verdictOf(rows(1)).state]).toEqual(['warning', 'watch']);
    expect(namesOf(verdictOf(rows(1)))).toEqual(['floor']);
  });

  it('shorter completions, where fewer run into the limit than before', () => {
    const shorter = (truncated: (row: number) => number): string[] =>
      namesOf(
        verdictOf(
          rowsOf(60, {
            'reward/mean': flat,
            'completion/length': from(30, 200, 10),
            'completion/truncated': truncated,
          }),
        ),
      );
    expect(shorter(from(30, 0.5, 0.3))).toEqual([]);
    expect(shorter(() => 0.3)).toContain('short');
    expect(shorter(from(30, 0.3, 0.34))).toContain('short');
    // Less than a twentieth, and less than two standard errors.
    expect(shorter(from(30, 0.34, 0.3))).toContain('short');
    expect(shorter((row) => 0.7 * (row % 2) - (row < 30 ? 0 : 0.1))).toContain('short');
  });

  it('entropy that is gone is no sign beside another one, either', () => {
    const columns: Columns = {
      'reward/mean': flat,
      'policy/entropy': from(30, 0.5, 0.002),
      'optim/grad_norm': from(30, 0.5, 80),
    };
    const norm = verdictOf(rowsOf(60, { ...columns, 'eval/sampled': holding }));
    expect([norm.state, namesOf(norm)]).toEqual(['watch', ['steep', 'flat']]);
    expect(namesOf(verdictOf(rowsOf(60, columns)))[0]).toBe('sharpened');
  });
});

describe('what a log can’t tell', () => {
  const solved = /Solved, or agreed/;
  const gone: Columns = { 'reward/mean': rising, 'policy/entropy': from(30, 0.5, 0.002) };
  const still: Columns = { 'reward/zero_std_groups': from(30, 0.2, 1) };
  /** Ends below its start: it does not hold, and is no collapse. */
  const measured: Columns = { 'eval/sampled': (row) => (row % 20 === 0 ? 0.4 - 0.001 * row : NaN) };

  it('is said of what may be all right', () => {
    const { state, reason } = verdictOf(rowsOf(60, gone));
    expect([state, reason.match(new RegExp(solved, 'g'))?.length]).toEqual(['watch', 1]);
    expect(verdictOf(rowsOf(60, { ...gone, ...still })).reason).toMatch(solved);
  });

  it('of amber although accuracy is logged, of red only where it isn’t', () => {
    expect(verdictOf(rowsOf(60, { ...gone, ...measured })).reason).toMatch(solved);
    const red = verdictOf(rowsOf(60, { ...gone, ...still, ...measured }));
    expect([red.state, solved.test(red.reason)]).toEqual(['warning', false]);
    const truth: Columns = { 'truth/accuracy': (row) => 0.4 - 0.001 * row };
    expect(verdictOf(rowsOf(60, { ...gone, ...still, ...truth })).reason).not.toMatch(solved);
  });

  it('not beside a sign that no solved task has', () => {
    const { state, reason } = verdictOf(rowsOf(60, { ...gone, 'policy/kl_ref': () => 5e4 }));
    expect(state).toBe('warning');
    expect(reason).not.toMatch(solved);
  });
});

describe('rows without gradient', () => {
  const dead = (columns: Columns, count = 40) => verdictOf(rowsOf(count, columns));

  it.each<[string, Columns, RegExp | null]>([
    [
      'by the share of groups alone',
      { 'reward/zero_std_groups': from(20, 0.2, 1) },
      /^No group .* since step 21:/,
    ],
    ['from 95 % on', { 'reward/zero_std_groups': from(20, 0.2, 0.95) }, /^Hardly a group .* since step 21:/],
    ['and not below', { 'reward/zero_std_groups': from(20, 0.2, 0.949) }, null],
    ['by the spread alone', { 'reward/std': from(20, 0.3, 0) }, /^No group .* since step 21:/],
    [
      'the share goes before the spread',
      { 'reward/std': () => 0, 'reward/zero_std_groups': () => 0.2 },
      null,
    ],
    [
      'by the norm alone, also where the reward has risen',
      { 'optim/grad_norm': from(20, 0.3, 0), 'reward/mean': rising },
      /^The gradient norm has been exactly 0 since step 21/,
    ],
    [
      'by the norm beside a spread, without a reward',
      { 'optim/grad_norm': from(20, 0.3, 0), 'reward/std': () => 0.3 },
      /^The gradient norm has been exactly 0 since step 21/,
    ],
    [
      'rows that log neither are none',
      {
        'reward/zero_std_groups': (row) => (row % 2 === 0 ? Number(row >= 8) : NaN),
        'policy/entropy': () => 0.5,
      },
      /^No group .* since step 9:/,
    ],
  ])('%s', (_, columns, words) => {
    const { state, reason } = dead(columns);
    if (words === null) expect(state).toBe('healthy');
    else expect([state, reason]).toEqual([expect.stringMatching(/^wa/), expect.stringMatching(words)]);
  });

  it('one that has a gradient does not change what is said of the others', () => {
    const { findings } = dead({
      'reward/zero_std_groups': (row) => Number(row >= 20 && row !== 39),
      'optim/grad_norm': () => 0.5,
    });
    expect(findings[0]?.metrics).toEqual(['reward/zero_std_groups']);
  });
});

describe('levels, and what is heard', () => {
  it('a score of exactly two thirds is no warning, and one of a third no watch', () => {
    const lengths = (now: number) =>
      judgeOf(rowsOf(60, { 'reward/mean': flat, 'completion/length': from(30, 8, now) }));
    expect([lengths(4).alarm, lengths(3.99).alarm, lengths(2).alarm, lengths(1.99).alarm]).toEqual([
      ...[null, 'watch', 'watch', 'warning'],
    ]);
    expect(lengths(2).score).toBe(2 * watchScore);
  });

  it('there is a score as soon as there is an alarm, and none while there is nothing to judge by', () => {
    expect(judgeOf(rowsOf(2, { 'reward/mean': flat })).score).toBeNull();
    expect(judgeOf(rowsOf(2, { 'reward/mean': flat, 'optim/loss': () => NaN })).score).toBeNull();
    expect(judgeOf(rowsOf(2, { 'reward/mean': flat, 'optim/loss': () => Infinity })).score).toBeCloseTo(
      7 / 9,
      12,
    );
    expect(judgeOf(rowsOf(20, { 'reward/mean': flat })).score).toBe(0);
  });

  it('a column is heard for twelve rows after its last, however many columns there are', () => {
    const gone = (until: number) =>
      rowsOf(until, {
        'reward/mean': flat,
        'policy/kl_ref': () => 0.1,
        'completion/length': () => 200,
        'policy/entropy': (row) => (row < 20 ? 0.5 : row < 40 ? 4 : NaN),
      });
    expect([namesOf(verdictOf(gone(40 + 12))), namesOf(verdictOf(gone(40 + 13)))]).toEqual([
      ['babble', 'flat'],
      [],
    ]);
  });

  it('a sign is told since the row from which on it speaks without a break', () => {
    const rows = rowsOf(120, {
      'reward/mean': flat,
      'policy/entropy': (row) => (row % 50 < 25 ? 0.5 : 4),
      'completion/length': from(30, 200, 20),
    });
    const judge = new RunJudge();
    const since = new Map<string, number>();
    const breaks = new Map<string, number>();
    for (const { step = NaN, ...row } of rows) {
      judge.add({ step, ...row });
      const { findings } = judge.verdict;
      for (const name of ['babble', 'short']) {
        const finding = findings.find((each) => each.name === name);
        if (finding === undefined) {
          if (since.delete(name)) breaks.set(name, (breaks.get(name) ?? 0) + 1);
          continue;
        }
        if (!since.has(name)) since.set(name, step);
        expect([step, name, finding.from]).toEqual([step, name, since.get(name)]);
      }
    }
    expect([breaks.get('babble'), since.has('short')]).toEqual([2, true]);
  });

  it('a judge that is blind says what one says of rows without truth', () => {
    const value = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });
    const ids: readonly MetricId[] = [
      ...(['reward/mean', 'policy/entropy', 'reward/zero_std_groups'] as const),
      ...(['truth/accuracy', 'eval/sampled'] as const),
    ];
    fc.assert(
      fc.property(fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { maxLength: 60 }), (table) => {
        const rows = table.map((values, step): Row => ({
          step,
          ...Object.fromEntries(
            ids.flatMap((id, at) => (values[at] === undefined ? [] : [[id, values[at] / 4]])),
          ),
        }));
        const without = rows.map(
          (row) =>
            Object.fromEntries(
              Object.entries(row).filter(([id]) => !metrics[id as MetricId].needsTruth),
            ) as Row,
        );
        expect(verdictOf(rows, true)).toEqual(verdictOf(without));
      }),
    );
    // A row that holds nothing but truth is none: what was heard last before it is still heard.
    const late = rowsOf(60, {
      'reward/mean': (row) => (row < 44 ? flat(row) : NaN),
      'policy/entropy': (row) => (row < 20 ? 0.5 : row < 40 ? 4 : NaN),
      'truth/accuracy': () => 0.5,
    });
    expect([namesOf(verdictOf(late, true)), namesOf(verdictOf(late))]).toEqual([['babble', 'flat'], []]);
  });
});

describe('a collapse of what is right', () => {
  it('on held-out prompts, without a reward, is told as it is', () => {
    const evaluated = rowsOf(60, {
      'policy/entropy': () => 0.5,
      'eval/sampled': (row) => (row % 5 === 0 ? (row < 30 ? 0.8 : 0.25) : NaN),
    });
    expect(verdictOf(evaluated)).toMatchObject({
      state: 'collapsed',
      reason: 'Accuracy fell from 0.80 at step 1 to 0.25.',
      findings: [{ name: 'truth', metrics: ['eval/sampled'], from: 31, to: 60 }],
    });
  });

  it('has three alarms beside it at most', () => {
    const columns: Columns = {
      'reward/mean': from(60, 0.9, 0.05),
      'policy/entropy': from(60, 0.5, 0.0001),
      'policy/kl_ref': from(60, 0.1, 5e4),
      'optim/grad_norm': from(60, 0.5, 5e3),
      'completion/truncated': from(60, 0.05, 1),
      'vote/top_label_share': from(60, 0.1, 1),
      'eval/sampled': (row) => (row % 5 === 0 ? (row < 60 ? 0.8 : 0.1) : NaN),
    };
    const { state, reason, findings } = verdictOf(rowsOf(100, columns));
    expect([state, findings.length > 5, reason.split(/\. /).length]).toEqual(['collapsed', true, 4]);
    const alarm = verdictOf(rowsOf(100, columns).map(({ 'eval/sampled': _, ...row }): Row => row));
    expect([alarm.state, alarm.reason.split(/\. /).length]).toEqual(['warning', 4]);
  });

  it('in the batches is read from ten rows, and not from fewer', () => {
    // One lucky row, a slow rise to .8, and a fall to .65: three quarters of .8 are .6, of 1 they are .75.
    const truth = (row: number): number => {
      if (row === 0) return 1;
      return row < 40 ? Math.min(0.8, 0.5 + 0.01 * row) : Math.max(0.65, 0.8 - 0.01 * (row - 40));
    };
    const rows = (floor: number) =>
      rowsOf(100, {
        'reward/mean': flat,
        'truth/accuracy': (row) => (row < 40 ? truth(row) : Math.max(floor, 0.8 - 0.01 * (row - 40))),
      });
    expect([verdictOf(rows(0.65)).state, verdictOf(rows(0.4)).state]).toEqual(['healthy', 'collapsed']);
  });
});

it('a run of which there is nothing to say has no sign of a collapse', () => {
  const rows = rowsOf(30, { 'vote/top_label_share': () => 0.2 });
  expect(verdictOf(rows)).toMatchObject({ state: 'healthy', reason: 'No sign of a collapse.' });
  expect(verdictOf(rowsOf(30, { 'truth/accuracy': () => 0.5 })).state).toBe('unjudged');
  expect(new RunJudge().verdict).toMatchObject({ state: 'unjudged', findings: [] });
});
