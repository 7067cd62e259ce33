import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reset, setKnob } from '../../src/store/actions.ts';
import { openFromAddress } from '../../src/store/address.ts';
import { agree, costOf, decline } from '../../src/store/ask.ts';
import { connect, receive } from '../../src/store/connection.ts';
import { lanesAsRecord } from '../../src/store/exportMetrics.ts';
import {
  addLane,
  adviceFor,
  fork,
  removeLane,
  renameLane,
  resumeGentler,
  takeAdvice,
} from '../../src/store/laneActions.ts';
import { type Lane, lab, setupOf, setupsOf, stepOf } from '../../src/store/lanes.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import { freeLaneName, renamed } from '../../src/settings/laneNames.ts';
import { readRecord } from '../../src/records/read.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { type MetricRow, toRow } from '../../src/spec/metrics.ts';
import type { Command } from '../../src/session/protocol.ts';

const sent: Command[] = [];

function laneAt(index: number): Lane {
  const lane = lab.getState().lanes[index];
  if (lane === undefined) throw new Error(`no lane ${index}`);
  return lane;
}

function rows(id: number, ...records: Partial<MetricRow>[]): void {
  const all = records.flatMap((record) => [...toRow(record)]);
  receive({ type: 'rows', lane: id, count: records.length, rows: Float64Array.from(all) });
  vi.advanceTimersByTime(100);
}

/** What is said of the question that is asked. */
function cost(safe: Parameters<typeof costOf>[2], inFile = false): string {
  const { asked, lanes } = lab.getState();
  if (asked === null) throw new Error('nothing is asked');
  return costOf(asked, lanes, safe, inFile);
}

/** Forty steps of the first lane, checkpoints every ten. */
function trained(): Lane {
  const { id } = laneAt(0);
  rows(id, ...Array.from({ length: 41 }, (_, step) => ({ step, 'vote/answer_overlap': 0.95 })));
  receive({ type: 'checkpoints', lane: id, steps: [10, 20, 30, 40], bytes: 1 });
  vi.advanceTimersByTime(100);
  return laneAt(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'http://lab.test/' });
  vi.stubGlobal('location', { origin: 'http://lab.test', pathname: '/', hash: '' });
  connect({ postMessage: (command) => sent.push(command), onmessage: null, onerror: null });
  lab.setState(lab.getInitialState(), true);
  openFromAddress('?preset=duel');
  receive({ type: 'state', state: 'ready' });
  sent.length = 0;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('lanes', () => {
  it('are added beside those that run, with a colour and name of their own', () => {
    trained();
    addLane();
    expect(sent.at(-1)).toMatchObject({ type: 'put', replaces: null, from: null });
    expect(lab.getState().lanes.map(({ name, slot }) => [name, slot])).toEqual([
      ['SRT', 0],
      ['M-GRPO + IQR', 1],
      ['SRT (2)', 2],
    ]);
    expect(laneAt(0).history.length).toBe(41);
    addLane();
    addLane();
    expect(lab.getState().lanes).toHaveLength(4);
  });

  it('keep their colour when another goes, and the next one takes the free one', () => {
    removeLane(laneAt(0).id);
    expect(laneAt(0)).toMatchObject({ name: 'M-GRPO + IQR', slot: 1 });
    expect(sent.at(-1)?.type).toBe('drop');
    addLane();
    expect(laneAt(1).slot).toBe(0);
    const { id } = laneAt(0);
    renameLane(id, '  my run ');
    renameLane(id, ' ');
    expect(laneAt(0).name).toBe('my run');
  });

  it('with steps are removed only after a question', () => {
    const { id } = trained();
    removeLane(id);
    expect(lab.getState().lanes).toHaveLength(2);
    expect(lab.getState().asked).toMatchObject({
      what: 'Remove SRT',
      answers: [{ label: 'Remove' }],
    });
    // The page Runs lists lanes that are there: it is lost, whatever is kept.
    for (const safe of ['kept', 'idle', 'stopped'] as const) {
      expect(cost(safe)).toBe('“Remove” discards the 40 steps made so far of SRT.');
    }
    agree();
    expect(lab.getState().lanes).toHaveLength(1);
  });
});

it('a question says what becomes of the steps, where runs are kept and where not, and as they come in', () => {
  const { id } = trained();
  reset();
  expect(cost('kept')).toBe(
    '“Reset” ends this run. The 40 steps made so far of every lane stay on the page Runs, to be opened and trained on.',
  );
  expect(cost('idle')).toBe('“Reset” discards the 40 steps made so far of every lane.');
  expect(cost('stopped')).toBe(`${cost('idle')} They are not kept.`);
  expect(cost('idle', true)).toBe(`${cost('idle')} Their metrics are in the file you exported.`);
  rows(id, { step: 41 });
  expect(cost('idle')).toContain('41 steps');
  decline();
  lab.setState({ together: false });
  setKnob('groupSize', 32);
  const other = '“Go on from step 40 with it” discards what came after step 40.';
  for (const safe of ['kept', 'idle'] as const) {
    expect(cost(safe)).toBe(`“Restart” discards the 41 steps made so far of SRT. ${other}`);
  }
});

it('an alarm begins where it first sounds, however long it lasts, and anew after a quiet time', () => {
  const { id } = trained();
  const after = (from: number, count: number, overlap: number): void => {
    rows(
      id,
      ...Array.from({ length: count }, (_, at) => ({ step: from + at, 'vote/answer_overlap': overlap })),
    );
  };
  after(41, 60, 0.6);
  expect(laneAt(0).alarms).toMatchObject([{ step: 41, until: 100, state: 'warning' }]);
  after(101, 60, 0.95);
  after(161, 5, 0.6);
  expect(laneAt(0).alarms).toMatchObject([{ step: 41 }, { step: 161, until: 165 }]);
});

describe('a fork', () => {
  it('begins at the newest checkpoint before the step, with the past and the settings of then', () => {
    const { id } = trained();
    receive({ type: 'changed', lane: id, step: 15, changes: { learningRate: 1e-4 }, by: 'guard' });
    receive({ type: 'changed', lane: id, step: 35, changes: { temperature: 1.5 }, by: 'reader' });
    fork(id, 34, { klCoefficient: 0.05 });
    const forked = laneAt(2);
    expect(sent.at(-1)).toMatchObject({ type: 'put', from: { lane: id, step: 30 } });
    expect(forked.origin).toEqual({ name: 'SRT', step: 30 });
    expect(forked.history.latest('step')).toBe(30);
    expect(forked.settings).toMatchObject({ learningRate: 1e-4, temperature: 1.1, klCoefficient: 0.05 });
    expect(lab.getState().marks.at(-1)).toMatchObject({ kind: 'fork', step: 30, lanes: [forked.id] });
    expect(lab.getState().selected).toBe(2);
  });

  it('before the first checkpoint begins once more: its record has step 0 once, also after a loss of the device', () => {
    const { id } = laneAt(0);
    rows(id, { step: 0, 'eval/sampled': 0.4 }, { step: 1 }, { step: 2 });
    fork(id, 2);
    const forked = laneAt(2);
    expect([forked.origin?.step, forked.history.length, forked.status.state]).toEqual([0, 0, 'waiting']);
    receive({ type: 'put', lane: forked.id, step: 0 });
    rows(forked.id, { step: 0, 'eval/sampled': 0.4 }, { step: 1 });
    receive({ type: 'rewound', lane: id, step: 0 });
    rows(id, { step: 0, 'eval/sampled': 0.4 }, { step: 1 });
    const { runs } = readRecord(lanesAsRecord());
    expect(runs.map((run) => run.rows.map(({ step }) => step))).toEqual([[0, 1], [], [0, 1]]);
  });

  it('takes another algorithm at once, in its own place and by another name, while it has made no step', () => {
    const { id } = trained();
    fork(id, 34);
    setKnob('algorithm', 'm-grpo-iqr');
    expect(lab.getState().asked).toBeNull();
    expect(lab.getState().lanes).toHaveLength(3);
    expect(laneAt(2)).toMatchObject({
      name: 'M-GRPO + IQR (2)',
      origin: { name: 'SRT', step: 30 },
      changes: [{ step: 30, by: 'checkpoint', changes: { algorithm: 'm-grpo-iqr' } }],
    });
    expect(stepOf(laneAt(2))).toBe(30);
  });

  it('is what a knob that restarts offers as well, where there is a checkpoint', () => {
    trained();
    lab.setState({ together: false });
    setKnob('groupSize', 32);
    const { answers = [] } = lab.getState().asked ?? {};
    expect(answers.map(({ label }) => label)).toEqual(['Go on from step 40 with it', 'Restart']);
    agree(answers[0]);
    expect(stepOf(laneAt(0))).toBe(40);
    expect(laneAt(0).settings.groupSize).toBe(32);
    expect(sent.at(-1)).toMatchObject({ type: 'put', from: { step: 40 } });
    // Another model begins anew.
    rows(laneAt(0).id, { step: 41 });
    setKnob('model', 'sort-32');
    expect(lab.getState().asked?.answers.map(({ label }) => label)).toEqual(['Restart']);
  });

  it('does what the early warning advises, 20 steps before the alarm', () => {
    const { id } = trained();
    rows(id, { step: 41, 'vote/answer_overlap': 0.6 });
    expect(laneAt(0).alarms).toMatchObject([{ step: 41, state: 'warning' }]);
    const [slower, anchor] = adviceFor(laneAt(0));
    if (slower === undefined || anchor === undefined) throw new Error('no advice');
    takeAdvice(id, slower);
    expect(sent.map(({ type }) => type)).toEqual(['pause', 'put']);
    expect(laneAt(2).origin?.step).toBe(20);
    expect(laneAt(2).settings.learningRate).toBe(3.5e-4);
    takeAdvice(id, anchor);
    expect(laneAt(3).settings.algorithm).toBe('m-grpo-iqr');
    // Its record holds the whole way there: npm run replay needs no other lane.
    expect(laneAt(3).start).toEqual(laneAt(0).start);
    expect(laneAt(3).changes).toEqual([{ step: 20, changes: { algorithm: 'm-grpo-iqr' }, by: 'checkpoint' }]);
  });

  it('resumes a lane whose values were not finite, in its place', () => {
    const { id } = trained();
    const failure = { code: 'non-finite', sentence: 'NaN.', remedy: 'Lower it.' } as const;
    receive({ type: 'state', state: 'non-finite', failure, lane: id });
    resumeGentler();
    expect(sent.at(-1)).toMatchObject({ type: 'put', replaces: id, from: { lane: id, step: 40 } });
    expect(laneAt(0).settings.learningRate).toBe(2.3e-4);
  });
});

describe('the guard', () => {
  it('is marked, lowers the rate shown, and is undone by a reset', () => {
    const { id } = trained();
    rows(id, { step: 41, 'guard/rolled_back_to': 20 });
    receive({ type: 'changed', lane: id, step: 41, changes: { learningRate: 3.5e-4 }, by: 'guard' });
    expect(laneAt(0).settings.learningRate).toBe(3.5e-4);
    expect(lab.getState().marks).toMatchObject([
      { kind: 'guard', text: 'step 41: SRT: the guard went back to step 20, Learning rate 7e-4 → 3.5e-4' },
    ]);
    expect(setupOf(laneAt(0)).settings.learningRate).toBe(7e-4);
  });

  it('changes the name that stated its rate, until a reset', () => {
    const { id } = trained();
    lab.setState({ lanes: [{ ...laneAt(0), name: 'Learning rate 0.0007' }, laneAt(1)] });
    receive({ type: 'changed', lane: id, step: 40, changes: { learningRate: 3.5e-4 }, by: 'guard' });
    expect(laneAt(0).name).toBe('Learning rate 0.00035');
    expect(setupOf(laneAt(0)).name).toBe('Learning rate 0.0007');
    // Another took the old name meanwhile.
    lab.setState({ lanes: [laneAt(0), { ...laneAt(1), name: 'Learning rate 0.0007' }] });
    expect(setupsOf(lab.getState().lanes).map(({ name }) => name)).toEqual([
      'Learning rate 0.0007',
      'Learning rate 0.0007 (2)',
    ]);
  });

  it('is not what a lane that goes on after a loss of the device has seen', () => {
    const { id } = trained();
    setKnob('temperature', 1.5);
    receive({ type: 'changed', lane: id, step: 40, changes: { temperature: 1.5 }, by: 'reader' });
    receive({ type: 'rewound', lane: id, step: 20 });
    expect(laneAt(0).history.latest('step')).toBe(20);
    // What was set after that step holds from there on.
    expect(laneAt(0).changes).toEqual([{ step: 20, changes: { temperature: 1.5 }, by: 'checkpoint' }]);
  });
});

describe('a name', () => {
  const of = (changes: Partial<Settings>): Settings => validateSettings(changes);

  it.each<[string, Partial<Settings>, Partial<Settings>, string]>([
    ['Group size G 8', { groupSize: 8 }, { groupSize: 32 }, 'Group size G 32'],
    ['Group size G 8 (2)', { groupSize: 8 }, { groupSize: 32 }, 'Group size G 32 (2)'],
    ['Group size G 80', { groupSize: 8 }, { groupSize: 32 }, 'Group size G 80'],
    ['SRT', { algorithm: 'srt' }, { algorithm: 'm-grpo-iqr' }, 'M-GRPO + IQR'],
    ['SRTX', { algorithm: 'srt' }, { algorithm: 'm-grpo-iqr' }, 'SRTX'],
    ['my own', { algorithm: 'srt' }, { algorithm: 'm-grpo-iqr' }, 'my own'],
    ['SRT + guard', { guard: 'rollback' }, { guard: 'off' }, 'SRT'],
    ['M-GRPO + IQR, N = G/4', { anchorShare: 0.25 }, { anchorShare: 0.5 }, 'M-GRPO + IQR, N = G/2'],
    ['M-GRPO + IQR, N = G/4', { anchorShare: 0.25 }, { anchorShare: 0.25, algorithm: 'srt' }, 'SRT'],
  ])('%s says nothing that is no longer true', (name, before, after, expected) => {
    expect(renamed(name, of(before), of(after))).toBe(expected);
  });

  it('of a clone is numbered, and a setting in it is no number', () => {
    expect(freeLaneName('Group size G 8', ['Group size G 8'])).toBe('Group size G 8 (2)');
    expect(freeLaneName('SRT (2)', ['SRT', 'SRT (2)'])).toBe('SRT (3)');
  });
});
