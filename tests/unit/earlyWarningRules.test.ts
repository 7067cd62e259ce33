import { describe, expect, it } from 'vitest';
import { EarlyWarning, labSignals } from '../../src/diagnostics/earlyWarning.ts';
import { warningScore, watchScore } from '../../src/diagnostics/signal.ts';
import { rules, states, type Rule } from '../../src/experiments/alarms.ts';
import { metrics, type MetricId, type MetricRow } from '../../src/spec/metrics.ts';

type Row = Partial<MetricRow>;

const row = (values: Readonly<Record<string, number>>): Row => values;

/** Whether a rule speaks at the last of some rows. */
function speaks({ judge }: Rule, rows: readonly Row[]): boolean {
  const alarm = judge();
  return rows.map((each) => alarm(each).alarm).at(-1) ?? false;
}

/** Ten rows of a run's start, ten of what came after. */
function course(start: Row, after: Row): readonly Row[] {
  return [...Array.from({ length: 10 }, () => start), ...Array.from({ length: 10 }, () => after)];
}

/**
 * The levels, as docs/early-warning.md gives them: at the start, where a signal's score reaches amber and red, and the
 * metric that has to agree. Scores are linear in between.
 */
const levels: readonly [MetricId, number, number, number, MetricId?][] = [
  ['vote/answer_overlap', 1, 0.85, 0.75],
  ['vote/top_label_share', 0.25, 0.55, 0.75],
  ['vote/no_answer', 0.125, 0.325, 0.525],
  ['completion/truncated', 0.125, 0.325, 0.525],
  ['completion/length', 8, 5.6, 4],
  ['policy/entropy', 0.5, 0.75, 1],
  ['reward/zero_std_groups', 0, 0.9, 1, 'vote/unanimous'],
  ['policy/kl_ref', 0, 0.2, 0.3],
];

it('every signal of the early warning has its levels here', () => {
  expect(labSignals.map(({ metric }) => metric)).toEqual(levels.map(([metric]) => metric));
});

describe.each(levels)('%s', (metric, start, amber, red, other) => {
  const of = (value: number): Row =>
    row({ [metric]: value, ...(other === undefined ? {} : { [other]: value }) });
  const scoreAt = (value: number): number => {
    const warning = new EarlyWarning();
    return (
      course(of(start), of(value))
        .map((each) => warning.add(each).score)
        .at(-1) ?? NaN
    );
  };
  const supports = labSignals.find((signal) => signal.metric === metric)?.alone === false;
  const most = supports ? (watchScore + warningScore) / 2 : 1;

  it('scores a third at amber, two thirds at red, and in proportion between and beyond', () => {
    const at = (score: number): number => amber + (score * 3 - 1) * (red - amber);
    for (const score of [0.1, 1 / 3, 0.4, 0.5, 2 / 3, 0.9]) {
      expect(scoreAt(at(score))).toBeCloseTo(Math.min(most, score), 9);
    }
    expect(scoreAt(at(-1))).toBe(0);
    expect(scoreAt(at(1.2))).toBe(most);
  });

  it('says its figure, and that of the start where it is compared with it', () => {
    const warning = new EarlyWarning();
    const value = amber + 0.62 * (red - amber);
    const rows = course(of(start), of(value));
    const reason = rows.map((each) => warning.add(each).reason).at(-1);
    const written = (figure: number): string[] => [
      `${(100 * figure).toFixed(0)} %`,
      `${figure.toFixed(2)} nats`,
      `${figure.toFixed(1)} tokens`,
      `from ${figure.toFixed(1)} `,
      `from ${figure.toFixed(2)} `,
    ];
    expect(written(value).some((words) => reason?.includes(words))).toBe(true);
    const compares = labSignals.find((signal) => signal.metric === metric)?.compared !== 'value';
    expect(written(start).some((words) => reason?.includes(words))).toBe(compares);
  });

  // Behind the two states and the overlap's other level, in the order of the signals.
  const rule = rules[3 + labSignals.findIndex((signal) => signal.metric === metric)];

  it('is a rule by itself: it speaks above amber, and of no other column', () => {
    if (rule === undefined) expect.fail('no rule');
    for (const id of other === undefined ? [metric] : [metric, other])
      expect(rule.name).toContain(metrics[id].label);
    const beyond = of(amber + 0.1 * (red - amber));
    const before = of(amber - 0.1 * (red - amber));
    const everything = row(Object.fromEntries(levels.map(([id, , , worst]) => [id, worst])));
    const calm = row(Object.fromEntries(levels.map(([id, first]) => [id, first])));
    expect(speaks(rule, course({ ...calm, ...of(start) }, { ...calm, ...beyond }))).toBe(true);
    expect(speaks(rule, course({ ...calm, ...of(start) }, { ...everything, ...before }))).toBe(false);
  });
});

it('the two states are those of the early warning', () => {
  const overlap = (value: number): readonly Row[] =>
    course(row({ 'vote/answer_overlap': 1 }), row({ 'vote/answer_overlap': value }));
  const spoken = (value: number): readonly boolean[] =>
    [states.amber, states.red].map((rule) => speaks(rule, overlap(value)));
  expect(spoken(0.86)).toEqual([false, false]);
  expect(spoken(0.8)).toEqual([true, false]);
  expect(spoken(0.7)).toEqual([true, true]);
  expect(rules.slice(0, 2)).toEqual([states.amber, states.red]);
});

/** What is compared with the two states and their signals. */
const others = rules.slice(2).filter(({ name }) => !name.startsWith('amber by: '));

/** A rule, which of them it is, the metric it hears, its value at the start, and where it is still silent and speaks. */
const compared: readonly [string, number, MetricId, number, number, number][] = [
  ['answer overlap below .80', 0, 'vote/answer_overlap', 1, 0.8, 0.79],
  ['KL to the base above .27', 1, 'policy/kl_ref', 0, 0.26, 0.28],
  ['KL to the anchor above .15', 2, 'policy/kl_anchor', 0, 0.14, 0.16],
  ['majorities differ, rise by .15', 3, 'vote/anchor_disagreement', 0.25, 0.39, 0.41],
  // Exact in binary: at the level itself it is silent.
  ['entropy has halved', 4, 'policy/entropy', 0.5, 0.25, 0.24],
  ['entropy rises by a tenth', 5, 'policy/entropy', 1, 1.09, 1.11],
  ['entropy rises by a tenth of nothing', 5, 'policy/entropy', 0, 0, 0.01],
  ['unanimous above .50', 6, 'vote/unanimous', 0, 0.5, 0.51],
  ['mean reward above .85', 7, 'reward/mean', 0, 0.84, 0.86],
];

it.each(compared)('%s', (_, index, id, start, silent, alarmed) => {
  const rule = others[index] ?? expect.fail('no such rule');
  const at = (value: number): readonly Row[] => course(row({ [id]: start }), row({ [id]: value }));
  expect(speaks(rule, at(silent))).toBe(false);
  expect(speaks(rule, at(alarmed))).toBe(true);
  // A row that doesn't measure it says nothing, and is none of the ten.
  expect(speaks(rule, [...at(alarmed), row({ step: 21 })])).toBe(false);
  expect(speaks(rule, [...at(alarmed), row({ step: 21 }), ...at(alarmed).slice(-1)])).toBe(true);
  expect(speaks(rule, at(alarmed).slice(10, 19))).toBe(false);
});

it('one row of ten is not enough, but for the overlap, which is a mean already', () => {
  const atOnce = compared
    .filter(([, , , start, silent]) => start !== silent)
    .filter(([, index, id, start, , alarmed]) => {
      const rows = [...course(row({ [id]: start }), row({ [id]: start })), row({ [id]: alarmed })];
      return speaks(others[index] ?? expect.fail('no such rule'), rows);
    });
  expect(atOnce.map(([, , id]) => id)).toEqual(['vote/answer_overlap']);
});

it('no rule has escaped', () => {
  expect([...new Set(compared.map(([, index]) => index))]).toEqual([...others.keys()]);
  // Each has a name of its own, and those made of a level name it.
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  for (const { name } of rules) expect(name).toMatch(/\*\*|amber by: .|[<>] 0\.\d\d$|^entropy /);
});
