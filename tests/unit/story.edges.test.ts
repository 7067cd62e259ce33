import { describe, expect, it } from 'vitest';
import { phasesOf } from '../../src/diagnostics/phases.ts';
import { overlapZones } from '../../src/diagnostics/signal.ts';
import { firstTrained, toldSteps, type ToldRun, turnsOf } from '../../src/diagnostics/story.ts';
import { type MetricId, metricIds, toRow } from '../../src/spec/metrics.ts';
import { Columns } from '../../src/store/columns.ts';
import type { Lane } from '../../src/store/lanes.ts';
import { toldOf } from '../../src/ui/story/told.ts';

type Row = Partial<Record<MetricId, number>>;

function runOf(name: string, rows: readonly Row[]): ToldRun {
  return { name, column: (id) => rows.map((row, step) => (id === 'step' ? step : (row[id] ?? NaN))) };
}

describe('what lies exactly on a level', () => {
  /** Ten rows behind the evaluation before the first step, of which so many are 1 and the others 0. */
  const ten = (id: MetricId, ones: number): Row[] => [
    {},
    ...Array.from({ length: toldSteps }, (_, i): Row => ({ [id]: Number(i < ones) })),
  ];
  const beside = (...columns: readonly (readonly Row[])[]): Row[] =>
    (columns[0] ?? []).map((_, i) => Object.assign({}, ...columns.map((rows) => rows[i])) as Row);
  const kindsOf = (rows: readonly Row[]): string[] => turnsOf([runOf('run', rows)]).map(({ kind }) => kind);
  const evaluated = (...values: readonly number[]): Row[] =>
    values.map((sampled) => ({ 'eval/sampled': sampled }));

  it.each<[string, Row[], Row[]]>([
    [
      'deceived',
      beside(ten('reward/mean', 3), ten('truth/accuracy', 0)),
      beside(ten('reward/mean', 2), ten('truth/accuracy', 0)),
    ],
    [
      'wrong',
      beside(ten('vote/agreement', 6), ten('truth/label_accuracy', 3)),
      beside(ten('vote/agreement', 6), ten('truth/label_accuracy', 4)),
    ],
    [
      'one-answer',
      [...ten('vote/top_label_share', 0), ...ten('vote/top_label_share', 3).slice(1)],
      [...ten('vote/top_label_share', 0), ...ten('vote/top_label_share', 2).slice(1)],
    ],
    ['spent', ten('reward/zero_std_groups', 9), ten('reward/zero_std_groups', 8)],
    ['learned', evaluated(0, 0.15), evaluated(0, 0.149)],
  ])('%s', (kind, at, below) => {
    expect([kindsOf(at), kindsOf(below)]).toEqual([[kind], []]);
  });

  it('policy and anchor neither part nor stay apart at the level itself', () => {
    const overlaps = (...values: readonly number[]): Row[] => [
      {},
      ...values.map((overlap): Row => ({ 'vote/answer_overlap': overlap })),
    ];
    const { amber } = overlapZones;
    expect(kindsOf(overlaps(...Array<number>(12).fill(amber)))).toEqual([]);
    expect(kindsOf(overlaps(...Array<number>(12).fill(0.5), ...Array<number>(10).fill(amber)))).toEqual([
      'parted',
      'met',
    ]);
  });

  it('two runs part where the same one leads twice in a row', () => {
    const partingOf = (...leads: readonly number[]) => {
      const other = evaluated(...leads.map(() => 0.5));
      const one = evaluated(...leads.map((lead) => 0.5 + lead));
      const parting = turnsOf([runOf('A', one), runOf('B', other)]).find(({ kind }) => kind === 'apart');
      return parting === undefined ? null : [parting.step, parting.known, ...parting.runs];
    };
    expect(partingOf(0, 0.25, 0.25)).toEqual([1, 2, 0, 1]);
    expect(partingOf(0, -0.25, -0.25)).toEqual([1, 2, 1, 0]);
    expect(partingOf(0.24, 0.24, 0.24)).toBeNull();
    expect(partingOf(0.3, -0.3, 0.3, -0.3)).toBeNull();
    // Since the first of the two, not since one that led before.
    expect(partingOf(0.3, 0, 0.3, 0.3)).toEqual([2, 3, 0, 1]);
    expect(partingOf(0.3, -0.3, -0.3)).toEqual([1, 2, 1, 0]);
  });
});

it('a reward that is no share in some rows only is not compared with one, either', () => {
  for (const odd of [1.5, -0.5]) {
    const rows = Array.from({ length: 11 }, (_, i): Row => ({
      'reward/mean': i === 5 ? odd : 0.9,
      'truth/accuracy': 0,
    }));
    expect(turnsOf([runOf('Intuitor', rows)])).toEqual([]);
  }
});

it('the first row is no step where it is the evaluation before the first', () => {
  expect([[0, 1], [1, 2], [], [10]].map(firstTrained)).toEqual([1, 0, 1, 0]);
});

it('a phase leaves a zone upwards by a margin, and enters it at its level', () => {
  const stateAfter = (...values: readonly number[]) => {
    const overlaps = [...Array<number>(10).fill(0.95), ...values];
    const rows = [{}, ...overlaps.map((overlap): Row => ({ 'vote/answer_overlap': overlap }))];
    return phasesOf(runOf('run', rows), true).at(-1)?.state;
  };
  expect(stateAfter(0.86)).toBe('together');
  expect([stateAfter(0.85), stateAfter(0.84)]).toEqual(['together', 'parting']);
  expect([stateAfter(0.8, 0.87), stateAfter(0.8, 0.88)]).toEqual(['parting', 'together']);
  expect([stateAfter(0.75), stateAfter(0.74)]).toEqual(['parting', 'apart']);
  expect([stateAfter(0.7, 0.77), stateAfter(0.7, 0.78)]).toEqual(['apart', 'parting']);
  expect([stateAfter(0.7, 0.87), stateAfter(0.7, 0.88)]).toEqual(['parting', 'together']);
});

it('a run without a step has no phase, and its first step begins one', () => {
  expect(phasesOf(runOf('run', []), false)).toEqual([]);
  expect(phasesOf(runOf('run', [{}]), false)).toEqual([]);
  expect(phasesOf(runOf('run', [{}, {}]), false)).toEqual([{ from: 1, to: 1, state: 'unmeasured' }]);
});

it('policy and anchor are not said to agree before ten steps measured it, and never where there is no anchor', () => {
  const row: Row = { 'vote/answer_overlap': 0.95 };
  expect(phasesOf(runOf('run', [{}, {}, {}, ...Array<Row>(12).fill(row)]), true)).toEqual([
    { from: 1, to: 3, state: 'unmeasured' },
    { from: 3, to: 12, state: 'waiting' },
    { from: 12, to: 14, state: 'together' },
  ]);
  expect(phasesOf(runOf('run', Array<Row>(40).fill({})), true)).toEqual([
    { from: 1, to: 39, state: 'unmeasured' },
  ]);
});

it('the list of turns is in the order of their steps, also of those that became known later', () => {
  const history = new Columns(metricIds);
  const accuracies = [0.8, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8];
  accuracies.forEach((sampled, at) => {
    history.append(toRow({ step: 10 * at, 'eval/sampled': sampled }), 1);
  });
  const lane = { id: 0, slot: 2, name: 'SRT', history } as unknown as Lane;
  // A knob turned while nobody could know yet of a collapse: that is certain from step 30 on.
  const marks = [{ step: 20, lanes: [0], text: 'step 20: Steps 40 → 20', kind: 'change' }] as const;
  const told = toldOf([lane], marks, false);
  expect(told.map(({ step }) => step)).toEqual([10, 20, 40]);
  expect(told.map(({ slots }) => slots)).toEqual([[2], [2], [2]]);
});
