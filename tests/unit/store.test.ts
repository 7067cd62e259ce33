import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  agree,
  choosePreset,
  openFromAddress,
  reset,
  setKnob,
  trainOrPause,
  typeKnob,
} from '../../src/store/actions.ts';
import { connect, receive } from '../../src/store/connection.ts';
import { readRecord } from '../../src/records/read.ts';
import { thisLab } from '../../src/records/thisLab.ts';
import { lanesAsRecord } from '../../src/store/exportMetrics.ts';
import { lab, reachOf, stepOf } from '../../src/store/lanes.ts';
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
    rows(0, { step: 0, 'eval/sampled': 0.5 }, { step: 10, 'eval/sampled': 0.8, 'vote/answer_overlap': 0.95 });
    vi.advanceTimersByTime(100);
    expect(laneAt(0).status).toMatchObject({ state: 'healthy', best: 0.8, bestStep: 10, retention: 1 });
    rows(0, ...[20, 30, 40].map((step) => ({ step, 'eval/sampled': 0.1, 'reward/mean': 0.9 })));
    vi.advanceTimersByTime(100);
    expect(laneAt(0).status).toMatchObject({ state: 'collapsed', collapseStep: 20, now: 0.1 });
    expect(laneAt(0).status.reason).toMatch(/0\.80 at step 10 to 0\.10; the reward still says 0\.90/);
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
