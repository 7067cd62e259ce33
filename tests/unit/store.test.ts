import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  choosePreset,
  furtherSteps,
  goOn,
  reset,
  setKnob,
  trainOrPause,
  typeKnob,
} from '../../src/store/actions.ts';
import { openFromAddress } from '../../src/store/address.ts';
import { agree, decline } from '../../src/store/ask.ts';
import { connect, evaluateApart, receive } from '../../src/store/connection.ts';
import { readRecord } from '../../src/records/read.ts';
import { thisLab } from '../../src/records/thisLab.ts';
import { lanesAsRecord } from '../../src/store/exportMetrics.ts';
import { lab, reachOf, stepOf } from '../../src/store/lanes.ts';
import { stateInWords, withoutTruth } from '../../src/store/status.ts';
import { presets } from '../../src/settings/presets.ts';
import { type MetricRow, toRow } from '../../src/spec/metrics.ts';
import type { Command } from '../../src/session/protocol.ts';

const sent: Command[] = [];

/** The worker's number of a lane. */
function idOf(index: number): number {
  return laneAt(index).id;
}

function rows(index: number, ...records: Partial<MetricRow>[]): void {
  const all = records.flatMap((record) => [...toRow(record)]);
  receive({ type: 'rows', lane: idOf(index), count: records.length, rows: Float64Array.from(all) });
}

function laneAt(index: number) {
  const lane = lab.getState().lanes[index];
  if (lane === undefined) throw new Error(`no lane ${index}`);
  return lane;
}

/** Two lanes ready to train, as the page opens. */
function ready(search = ''): void {
  openFromAddress(search);
  receive({ type: 'state', state: 'compiling' });
  receive({ type: 'state', state: 'ready' });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'http://lab.test/' });
  vi.stubGlobal('location', { origin: 'http://lab.test', pathname: '/' });
  connect({ postMessage: (command) => sent.push(command), onmessage: null, onerror: null });
  lab.setState(lab.getInitialState(), true);
  ready();
  sent.length = 0;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('opening', () => {
  it('opens the lanes of the address', () => {
    ready('?preset=duel&2.anchorShare=0.25');
    const command = sent.at(-1);
    expect(command?.type).toBe('open');
    expect(lab.getState().preset).toBe('duel');
    expect(laneAt(1).settings.anchorShare).toBe(0.25);
    expect(laneAt(0).settings.anchorShare).toBe(presets.duel.lanes[0]?.settings.anchorShare);
  });

  it('opens the defaults when the address is nonsense, and names value and range', () => {
    ready('?learningRate=7');
    expect(laneAt(0).settings).toEqual(presets.entropy.lanes[0]?.settings);
    expect(lab.getState().notice).toMatch(/learningRate.*7.*1e-7 to 0\.1/);
  });

  it('drops what arrives late for the lanes before', () => {
    rows(0, { step: 0 }, { step: 1 });
    vi.advanceTimersByTime(100);
    const before = idOf(0);
    reset();
    agree();
    receive({ type: 'rows', lane: before, count: 1, rows: toRow({ step: 2 }) });
    expect(laneAt(0).history.length).toBe(0);
    rows(0, { step: 0 });
    expect(laneAt(0).history.length).toBe(1);
  });
});

describe('changes', () => {
  it('reach all lanes that agree on a knob, and the selected one where they differ', () => {
    const lanes = lab.getState().lanes.map(({ settings }) => settings);
    expect(reachOf('learningRate', lanes, 0, true)).toEqual([0, 1]);
    expect(reachOf('learningRate', lanes, 1, false)).toEqual([1]);
    expect(reachOf('algorithm', lanes, 1, true)).toEqual([1]);
  });

  it('of a live knob go to the trainer at once, and are marked once where they took effect', () => {
    rows(0, { step: 1 });
    setKnob('learningRate', 5e-4);
    expect(sent).toEqual([
      { type: 'change', lane: idOf(0), changes: { learningRate: 5e-4 } },
      { type: 'change', lane: idOf(1), changes: { learningRate: 5e-4 } },
    ]);
    const change = { step: 212, changes: { learningRate: 5e-4 }, by: 'reader' } as const;
    for (const index of [0, 1]) receive({ type: 'changed', lane: idOf(index), ...change });
    const lanes = [idOf(0), idOf(1)];
    expect(lab.getState().marks).toEqual([
      { step: 212, lanes, text: 'step 212: Learning rate 0.001 → 5e-4', kind: 'change' },
    ]);
    expect(laneAt(0).changes).toEqual([change]);
  });

  it('of a restart knob put lanes that have not begun anew', () => {
    setKnob('groupSize', 32);
    expect(sent.map(({ type }) => type)).toEqual(['put', 'put']);
    expect(lab.getState().lanes.map(({ settings }) => settings.groupSize)).toEqual([32, 32]);
  });

  it('of a restart knob ask before a run is lost, and lose nothing without an answer', () => {
    rows(0, { step: 5 });
    vi.advanceTimersByTime(100);
    setKnob('groupSize', 32);
    expect(sent).toEqual([]);
    expect(lab.getState().asked?.what).toBe('Group size G 16 → 32');
    expect(laneAt(0).settings.groupSize).toBe(16);
    agree();
    expect(sent.filter(({ type }) => type === 'put')).toHaveLength(2);
    expect(laneAt(0).settings.groupSize).toBe(32);
    expect(laneAt(0).history.length).toBe(0);
  });

  it('that ask pause the run meanwhile, and what is kept goes on', () => {
    rows(0, { step: 5 });
    receive({ type: 'state', state: 'training' });
    setKnob('groupSize', 32);
    expect(sent.map(({ type }) => type)).toEqual(['pause']);
    receive({ type: 'state', state: 'paused' });
    reset();
    decline();
    expect(sent.map(({ type }) => type)).toEqual(['pause', 'train']);
    // What was paused before stays so.
    receive({ type: 'state', state: 'paused' });
    reset();
    decline();
    expect(sent.map(({ type }) => type)).toEqual(['pause', 'train']);
  });

  it('out of range are refused where they were typed, in words', () => {
    typeKnob('learningRate', '7');
    expect(lab.getState().refusal?.key).toBe('learningRate');
    expect(lab.getState().refusal?.sentence).toMatch(/7.*0\.1/);
    typeKnob('steps', 'many');
    expect(lab.getState().refusal?.key).toBe('steps');
    expect(sent).toEqual([]);
  });

  it('that break a rule between knobs are refused, and change nothing', () => {
    lab.setState({ selected: 1, together: false });
    setKnob('anchorShare', 1);
    expect(lab.getState().refusal?.sentence).toMatch(/^“Anchor share N\/G” 1 gives/);
    expect(laneAt(1).settings.anchorShare).toBe(0.5);
  });

  it('of the preset ask before a run is lost', () => {
    rows(1, { step: 3 });
    vi.advanceTimersByTime(100);
    choosePreset('learn');
    expect(sent).toEqual([]);
    agree();
    expect(lab.getState().preset).toBe('learn');
  });
});

describe('events', () => {
  it('are shown in batches, at most ten a second', () => {
    receive({ type: 'state', state: 'training' });
    const before = lab.getState().version;
    for (let step = 1; step <= 50; step++) rows(0, { step });
    expect(lab.getState().version).toBe(before);
    vi.advanceTimersByTime(100);
    expect(lab.getState().version).toBe(before + 1);
    expect(stepOf(laneAt(0))).toBe(50);
  });

  it('judge a lane: healthy, then collapsed with the reason', () => {
    const alike = Array.from({ length: 9 }, (_, at) => ({ step: at + 1, 'vote/answer_overlap': 0.95 }));
    rows(0, { step: 0, 'eval/sampled': 0.5 });
    vi.advanceTimersByTime(100);
    expect(laneAt(0).status.reason).toBe('The base model was evaluated; no step was made yet.');
    rows(0, ...alike, { step: 10, 'eval/sampled': 0.8, 'vote/answer_overlap': 0.95 });
    vi.advanceTimersByTime(100);
    expect(laneAt(0).status).toMatchObject({ state: 'healthy', best: 0.8, bestStep: 10, retention: 1 });
    rows(0, ...[20, 30, 40].map((step) => ({ step, 'eval/sampled': 0.1, 'reward/mean': 0.9 })));
    vi.advanceTimersByTime(100);
    expect(laneAt(0).status).toMatchObject({ state: 'collapsed', collapseStep: 20, now: 0.1 });
    expect(laneAt(0).status.reason).toMatch(/0\.80 at step 10 to 0\.10; the reward still says 0\.90/);
  });

  it('tell of a collapse while it lasts, and that it was one when it has passed', () => {
    const course = (values: readonly number[]): string[] => {
      const from = stepOf(laneAt(0));
      return values.map((sampled, at) => {
        rows(0, { step: from + 10 * (at + 1), 'eval/sampled': sampled, 'reward/mean': 0.95 });
        vi.advanceTimersByTime(100);
        return stateInWords(laneAt(0).status);
      });
    };
    const [lasting, early] = ['collapsed at 20', 'not judged yet'];
    expect(course([0.25, 0.1, 0.1, 0.1])).toEqual([early, early, early, lasting]);
    expect(laneAt(0).status.reason).toBe(
      'Accuracy fell from 0.25 at step 10 to 0.10; the reward still says 0.95.',
    );
    expect(course([0.25, 0.24])).toEqual([lasting, lasting]);
    expect(laneAt(0).status.reason).toMatch(/^Accuracy collapsed at step 20, from 0.25, and is at 0.24 now;/);
    expect(course([0.25])).toEqual(['recovered from 20']);
    expect(laneAt(0).status.reason).toMatch(/^Nothing to judge by yet/);
    expect(withoutTruth(laneAt(0).status)).toMatchObject({ collapseStep: null, recovered: false, now: NaN });
    // A second one is dated by itself, once it is one.
    const again = `collapsed at ${String(stepOf(laneAt(0)) + 10)}`;
    expect(course([0.1, 0.1, 0.1])).toEqual(['recovered from 20', 'recovered from 20', again]);
  });

  it('that end a run say how it goes on: by as many steps again', () => {
    const made = laneAt(0).settings.steps;
    for (const lane of [0, 1]) rows(lane, { step: made });
    expect(furtherSteps(lab.getState())).toBeNull();
    receive({ type: 'state', state: 'finished' });
    expect(furtherSteps(lab.getState())).toBe(2 * made);
    goOn();
    expect(sent).toEqual([
      { type: 'change', lane: idOf(0), changes: { steps: 2 * made } },
      { type: 'change', lane: idOf(1), changes: { steps: 2 * made } },
      { type: 'train' },
    ]);
  });

  it('have evaluation run beside the training, now and after each opening, until that fails: said once', () => {
    evaluateApart(true);
    ready();
    expect(sent).toMatchObject([
      { type: 'evaluate', apart: true },
      { type: 'open', apart: true },
    ]);
    const sentence = 'ONNX Runtime can’t be loaded.';
    const failure = { code: 'bad-file', sentence, remedy: 'The run goes on.' } as const;
    receive({ type: 'apart-failed', failure });
    expect(lab.getState()).toMatchObject({ apart: false, notice: `${sentence} The run goes on.` });
    expect(sent.at(-1)).toEqual({ type: 'evaluate', apart: false });
    // The other lane's, handed over before.
    lab.setState({ notice: null });
    receive({ type: 'apart-failed', failure });
    expect(lab.getState().notice).toBe(null);
  });

  it('train and pause by one key', () => {
    trainOrPause();
    receive({ type: 'state', state: 'training' });
    trainOrPause();
    expect(sent.map(({ type }) => type)).toEqual(['train', 'pause']);
  });

  it('export as a record, without what was not measured', () => {
    rows(0, { step: 0, 'eval/sampled': 0.5 }, { step: 1, 'policy/entropy': 0.25 });
    receive({ type: 'changed', lane: laneAt(0).id, step: 1, changes: { temperature: 0.5 }, by: 'reader' });
    const { runs, truncated } = readRecord(lanesAsRecord());
    expect(truncated).toBeNull();
    expect(runs.map(({ name }) => name)).toEqual(presets.entropy.lanes.map(({ name }) => name));
    expect(runs[0]).toMatchObject({
      lab: thisLab,
      settings: laneAt(0).start,
      changes: [{ step: 1, changes: { temperature: 0.5 }, by: 'reader' }],
      summary: null,
    });
    expect(runs[0]?.rows).toEqual([
      { step: 0, 'eval/sampled': 0.5 },
      { step: 1, 'policy/entropy': 0.25 },
    ]);
    expect(runs[1]?.rows).toEqual([]);
  });
});
