import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Command, Event } from '../../src/session/protocol.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import { type MetricRow, toRow } from '../../src/spec/metrics.ts';
import type { KeepReport, KeepRequest, KeptCourseState, KeptLab } from '../../src/storage/kept.ts';
import { unpackRows } from '../../src/storage/keptCourse.ts';
import { damageInWords } from '../../src/ui/keptWords.ts';

const sent: Command[] = [];
const asked: KeepRequest[] = [];
const failure = { code: 'bad-file', sentence: 'It is so.', remedy: 'Do this.' } as const;

/** A page whose trainer and keeper are told what to say. */
async function opened() {
  const { keepRuns, keepAgain, keeperGone } = await import('../../src/store/keeping.ts');
  const { connect } = await import('../../src/store/connection.ts');
  const { openFromAddress, openOrRestore } = await import('../../src/store/address.ts');
  const { kept } = await import('../../src/store/keptState.ts');
  const { lab } = await import('../../src/store/lanes.ts');
  const trainer = { postMessage: (command: Command) => sent.push(command), onmessage: null, onerror: null };
  const port: Parameters<typeof connect>[0] = trainer;
  connect(port);
  const keepers: ReturnType<Parameters<typeof keepRuns>[0]>[] = [];
  keepRuns(() => {
    const keeper = {
      postMessage: (request: KeepRequest) => asked.push(request),
      ...{ onmessage: null, onerror: null, terminate: () => undefined },
    };
    keepers.push(keeper);
    return keeper;
  });
  const hear = (event: Event): void => port.onmessage?.({ data: event } as MessageEvent<Event>);
  return {
    ...{ kept, lab, keepAgain, keeperGone, openFromAddress, openOrRestore, hear },
    tell: (report: KeepReport): void =>
      keepers.at(-1)?.onmessage?.({ data: report } as MessageEvent<KeepReport>),
    rows: (...steps: number[]): void => {
      const [lane] = lab.getState().lanes;
      if (lane === undefined) throw new Error('no lane');
      const all = steps.flatMap((step) => [...toRow({ step } satisfies Partial<MetricRow>)]);
      hear({ type: 'rows', lane: lane.id, count: steps.length, rows: Float64Array.from(all) });
    },
  };
}

/** What the keeper was asked since the last look, saves and flushes aside. */
function news(): readonly KeepRequest[] {
  return asked.splice(0).filter(({ type }) => type !== 'save' && type !== 'flush');
}

beforeEach(() => {
  vi.resetModules();
  sent.length = 0;
  asked.length = 0;
  const store = new Map<string, string>();
  vi.stubGlobal('document', { baseURI: 'http://lab.test/', addEventListener: () => undefined });
  vi.stubGlobal('location', { origin: 'http://lab.test', pathname: '/' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('history', { state: null, replaceState: () => undefined });
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('navigator', { storage: { getDirectory: () => null, persist: () => Promise.resolve() } });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => store.set(key, value),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

it('a page whose run another tab took keeps nothing of it, and keeps the next lab that is opened', async () => {
  const page = await opened();
  page.openFromAddress('');
  page.rows(0, 1);
  expect(news().map(({ type }) => type)).toEqual(['begin']);
  page.tell({ type: 'stopped', failure, until: 'opened' });
  page.rows(2);
  page.keepAgain();
  expect(news()).toEqual([]);
  page.openFromAddress('?preset=duel');
  expect(page.kept.getState()).toMatchObject({ state: 'idle', failure: null });
  page.rows(0);
  expect(news().map(({ type }) => type)).toEqual(['again', 'leave', 'begin']);
});

it('after a full disk a page keeps its run again on request, as another run with all that it knows of it', async () => {
  const page = await opened();
  page.openFromAddress('');
  page.rows(0, 1);
  const [before] = news();
  page.tell({ type: 'kept', run: 'any', step: 1 });
  page.tell({ type: 'stopped', failure, until: 'asked' });
  expect(page.kept.getState().state).toBe('stopped');
  page.rows(2);
  sent.length = 0;
  page.keepAgain();
  expect(page.kept.getState().state).toBe('idle');
  const [again, begun] = news();
  expect(again).toEqual({ type: 'again' });
  if (begun?.type !== 'begin' || before?.type !== 'begin') throw new Error('not begun');
  expect(begun.run).not.toBe(before.run);
  expect(unpackRows(begun.rows).map(({ step }) => step)).toEqual([0, 1, 2]);
  expect(sent).toEqual([{ type: 'keep', anew: true }]);
  page.tell({ type: 'kept', run: begun.run, step: 2 });
  expect(page.kept.getState().state).toBe('kept');
});

it('a reload brings what was kept before, until a run that is kept anew has a checkpoint', async () => {
  vi.useFakeTimers();
  const page = await opened();
  const { question } = await import('../../src/store/keeping.ts');
  page.openFromAddress('');
  page.rows(0, 1);
  /** The run that a reload would bring of the first lane. */
  const brought = (): string | undefined => {
    void question({ type: 'list' });
    const saves = asked.splice(0).flatMap((each) => (each.type === 'save' ? [each.lab] : []));
    return saves.at(-1)?.lanes[0]?.run;
  };
  const old = brought();
  page.tell({ type: 'stopped', failure, until: 'asked' });
  page.rows(2);
  page.keepAgain();
  expect(brought()).toBe(old);
  const [lane] = page.lab.getState().lanes;
  const state = {
    policy: new Float32Array(1),
    anchor: new Float32Array(1),
    m: new Float32Array(1),
    v: new Float32Array(1),
  };
  const sent = { first: true, unsent: [], checkpoint: { step: 2, state } };
  page.hear({ type: 'checkpoint', lane: lane?.id ?? 0, sent } as unknown as Event);
  expect(brought()).not.toBe(old);
  vi.useRealTimers();
});

it('what was asked of a keeper that keeps nothing more is answered, by another where that one is gone', async () => {
  const page = await opened();
  const { question } = await import('../../src/store/keeping.ts');
  page.openFromAddress('');
  page.rows(0, 1);
  page.tell({ type: 'stopped', failure, until: 'asked' });
  news();
  const answer = question({ type: 'list' });
  page.keeperGone('it was ended');
  expect(news()).toEqual([{ type: 'list' }, { type: 'list' }]);
  page.tell({ type: 'listed', labs: [] });
  expect(await answer).toEqual({ type: 'listed', labs: [] });
  // For good.
  page.keeperGone('it was ended');
  expect(page.kept.getState()).toMatchObject({ state: 'stopped', until: 'never' });
  expect(await question({ type: 'list' })).toBe(null);
});

it('a run that went back to where nothing is kept of it is another one from there on', async () => {
  const page = await opened();
  page.openFromAddress('');
  page.rows(0, 1, 2);
  const [before] = news();
  if (before?.type !== 'begin') throw new Error('not begun');
  sent.length = 0;
  page.tell({ type: 'unkept', run: before.run });
  const [begun] = news();
  if (begun?.type !== 'begin') throw new Error('not begun');
  expect(begun.run).not.toBe(before.run);
  expect(sent).toEqual([{ type: 'keep', anew: true }]);
  page.rows(3);
  expect(news()).toMatchObject([{ type: 'rows', run: begun.run }]);
});

it('where the newest lab can’t be read the default preset is opened, says why, and is kept', async () => {
  localStorage.setItem('m-grpo-lab.kept', 'some');
  const page = await opened();
  const opens = page.openOrRestore('');
  expect(news()).toEqual([{ type: 'restore', lab: null, take: false }]);
  page.tell({ type: 'failed', failure });
  await opens;
  const { notice, lanes } = page.lab.getState();
  expect(notice).toBe('The run that was kept can’t be opened now, and stays in Runs. It is so. Do this.');
  expect(lanes.length).toBeGreaterThan(0);
  page.rows(0);
  expect(news().map(({ type }) => type)).toEqual(['begin']);
});

it('lanes that were found and can’t be shown are left to others', async () => {
  localStorage.setItem('m-grpo-lab.kept', 'some');
  const page = await opened();
  const opens = page.openOrRestore('');
  news();
  const settings = { learningRate: 7 } as unknown as KeptLab['lanes'][number]['settings'];
  const lab: KeptLab = {
    ...{ id: 'other', preset: 'entropy', updated: 1, selected: 0, marks: [] },
    lanes: [{ run: 'one', slot: 0, name: 'SRT', settings, origin: null }],
  };
  page.tell({ type: 'restored', found: { lab, courses: new Map([['one', {} as KeptCourseState]]) } });
  await opens;
  expect(page.lab.getState().notice).toMatch(/^The run that was kept can’t be opened now/);
  expect(news()).toEqual([{ type: 'leave', runs: ['one'], lab: 'other' }]);
});

it('checkpoints that are damaged are told of lanes that come back', async () => {
  localStorage.setItem('m-grpo-lab.kept', 'some');
  const page = await opened();
  const opens = page.openOrRestore('');
  const lab: KeptLab = {
    ...{ id: 'other', preset: 'entropy', updated: 1, selected: 0, marks: [] },
    lanes: ['one', 'two'].map((run, slot) => ({
      run,
      slot,
      name: run,
      settings: defaultSettings,
      origin: null,
    })),
  };
  const course = (notes: readonly string[]): KeptCourseState => ({
    head: {
      ...{ name: 'SRT', settings: defaultSettings, origin: null, plan: null, adapter: null },
      lab: { version: '1', commit: null },
    },
    ...{ changes: [], checkpoint: null, forkable: [], rollouts: [], notes },
    ...{ rows: new Float64Array(), again: new Float64Array() },
  });
  const courses = new Map([
    ['one', course([])],
    ['two', course(['checkpoint-1-10 is cut off'])],
  ]);
  page.tell({ type: 'restored', found: { lab, courses } });
  await opens;
  const { lanes } = page.lab.getState();
  const damaged = page.kept.getState().restored?.damaged ?? [];
  expect(damaged).toEqual([{ lane: lanes[1]?.id, checkpoints: 1 }]);
  expect(damageInWords(damaged, lanes)).toBe('1 checkpoint of two is cut off or damaged, and not used.');
  const more = lanes.map(({ id }) => ({ lane: id, checkpoints: 2 }));
  expect(damageInWords(more, lanes)).toBe(
    '2 checkpoints of one and 2 checkpoints of two are cut off or damaged, and not used.',
  );
  expect(damageInWords([], lanes)).toBe('');
});

it.each([
  ['agrees', () => Promise.resolve(true)],
  ['refuses', () => Promise.resolve(false)],
  ['can’t say', () => Promise.reject(new TypeError('no'))],
])(
  'the first time that something is kept the browser is asked, once, to keep it for good; it %s',
  async (_, answer) => {
    const persist = vi.fn(answer);
    vi.stubGlobal('navigator', { storage: { getDirectory: () => null, persist } });
    const page = await opened();
    page.openFromAddress('');
    page.rows(0, 1);
    expect(persist).not.toHaveBeenCalled();
    page.tell({ type: 'kept', run: 'any', step: 1 });
    page.tell({ type: 'kept', run: 'any', step: 1 });
    await Promise.resolve();
    expect(persist).toHaveBeenCalledOnce();
    expect(page.kept.getState().state).toBe('kept');
  },
);

it.each(['freeze', 'pagehide'])('at %s all is written, and a checkpoint asked for', async (event) => {
  const heard = new Map<string, () => void>();
  const addEventListener = (type: string, listen: () => void): void => void heard.set(type, listen);
  vi.stubGlobal('document', { baseURI: 'http://lab.test/', addEventListener });
  vi.stubGlobal('addEventListener', addEventListener);
  const page = await opened();
  page.openFromAddress('');
  page.rows(0, 1);
  asked.length = 0;
  sent.length = 0;
  heard.get(event)?.();
  expect(asked.map(({ type }) => type)).toEqual(['save', 'flush']);
  expect(sent).toEqual([{ type: 'keep', anew: false }]);
});
