import { createStore } from 'zustand/vanilla';
import type { AdapterFile, AskEvent, SavedAdapter, TrainedRun } from '../asking/protocol.ts';
import type { Event, LiveChange } from '../session/protocol.ts';
import { LabError } from '../lib/labError.ts';
import { forkName } from '../records/lora.ts';
import { defaultAdapter, type AdapterChoice } from '../settings/adapterKnobs.ts';
import { type HyperparameterKey, hyperparameters } from '../settings/hyperparameters.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { defaultSettings, diffSettings, validateSettings } from '../settings/settings.ts';
import { mostLanes } from '../settings/url.ts';
import type { SettingValue } from '../spec/hyperparameter.ts';
import { appendRows, laneFrom } from './append.ts';
import { asked, listen, send, wished } from './asked.ts';
import { describeChanges } from './describe.ts';
import { createLab, freeSlot, freshLane, type Lane, seedsOf, settingsAt, stepOf } from './lanes.ts';
import { dismissing, type Refusal, refusing, typing } from './refusals.ts';

/** What would end a run or lose its adapter: nothing happens before the reader agrees. */
export interface TrainQuestion {
  readonly what: string;
  /** What it costs. */
  readonly cost: string;
  readonly act: () => void;
}

/** How an adapter is to be trained, as the reader has it. */
export interface Planned {
  readonly settings: Settings;
  readonly choice: AdapterChoice;
  readonly refusal: Refusal | null;
  readonly question: TrainQuestion | null;
  /** Steps of the adapter that was saved last, of this run. */
  readonly saved: number;
  /** What became of a wish, where it went wrong. */
  readonly notice: string | null;
}

export const planned = createStore<Planned>()(() => ({
  settings: defaultSettings,
  choice: defaultAdapter,
  refusal: null,
  question: null,
  saved: 0,
  notice: null,
}));

/** The run as the charts want it: the first lane, and behind it those that it was forked from. */
export const trainedLab = createLab();

/** Who types is not interrupted at every letter. */
const settleMs = 300;
let timer: ReturnType<typeof setTimeout> | undefined;
const waiting: {
  readonly resolve: (saved: SavedAdapter) => void;
  readonly reject: (why: LabError) => void;
}[] = [];

/** Whether a run is under way: it may rest. */
export function underWay(run: TrainedRun | null): boolean {
  return run !== null && run.doing !== 'ended';
}

/** Steps whose adapter is in no file. */
export function unsavedSteps(): number {
  const { run } = asked.getState().train;
  const step = run === null ? 0 : run.doing === 'ended' ? (run.kept ?? 0) : run.step;
  return step === planned.getState().saved ? 0 : step;
}

function sendPlan(): void {
  clearTimeout(timer);
  const { settings, choice } = planned.getState();
  const { memoryBytes } = wished.getState().wish;
  send({ type: 'plan', plan: { settings, choice, memoryBytes } });
}

function planSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(sendPlan, settleMs);
}

/** Sets a knob: of a run that is under way at its next step. A refused value changes nothing and says why. */
export function setTrainKnob(key: HyperparameterKey, value: SettingValue): void {
  refusing(planned, key, () => {
    const { settings } = planned.getState();
    const next = validateSettings({ [key]: value }, settings);
    planned.setState({ settings: next, refusal: null });
    const changes = diffSettings(settings, next);
    if (Object.keys(changes).length === 0) return;
    if (underWay(asked.getState().train.run)) send({ type: 'change', changes });
    planSoon();
  });
}

export const typeTrainKnob = typing(planned, setTrainKnob);
export const dismissTrainRefusal = dismissing(planned);

/** What an adapter is to be, otherwise; of the next run. */
export function chooseAdapter(change: Partial<AdapterChoice>): void {
  planned.setState(({ choice }) => ({ choice: { ...choice, ...change } }));
  planSoon();
}

/** Begins a run, in the place of the one before. */
export function beginTraining(): void {
  const act = (): void => {
    sendPlan();
    send({ type: 'train', anew: true });
  };
  leaving('Train anew', true, act);
}

/** Goes on with the run that rests or has ended. */
export function goOnTraining(): void {
  sendPlan();
  send({ type: 'train', anew: false });
}

/** Goes on from a step of the run that has ended, with the knobs as they are: another run, beside it in the charts. */
export function forkTraining(step: number): void {
  const act = (): void => {
    sendPlan();
    send({ type: 'fork', step });
  };
  leaving(`Fork at step ${String(step)}`, true, act, '');
}

export function pauseTraining(): void {
  send({ type: 'pause' });
}

/** Ends the run; its adapter stays. */
export function endTraining(): void {
  send({ type: 'end' });
}

/**
 * Does what ends a run, or loses its adapter, once the reader agrees.
 * @param loses whether the adapter goes with it
 * @param more what else goes then
 */
function leaving(what: string, loses: boolean, act: () => void, more = ', and the record of its run'): void {
  const { run } = asked.getState().train;
  const steps = unsavedSteps();
  const ends = underWay(run);
  if ((!loses || steps === 0) && !ends) {
    act();
    return;
  }
  const made = steps === 1 ? 'one step' : `${String(steps)} steps`;
  const cost =
    loses && steps > 0
      ? `“${what}” discards the adapter of ${made}, which was not saved${more}.`
      : `“${what}” ends the run at step ${String(run?.step ?? 0)}. Its adapter stays on this page, to be saved.`;
  planned.setState({ question: { what, cost, act } });
}

/** The reader agrees to what was asked, or keeps everything as it is. */
export function answerTraining(agreed: boolean): void {
  const { question } = planned.getState();
  planned.setState({ question: null });
  if (agreed) question?.act();
}

/** The adapter as it is, at the next edge of a step. @throws LabError where there is none */
export function askAdapter(): Promise<SavedAdapter> {
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    send({ type: 'adapter' });
  });
}

/** Notes that a file holds the adapter of a step. */
export function noteSaved(step: number): void {
  planned.setState({ saved: step });
}

/** The files of an adapter for whoever takes a dropped folder. */
export function asFiles(files: readonly AdapterFile[]): readonly File[] {
  return files.map(({ name, content }) => new File([content], name));
}

listen({
  begun: sendPlan,
  wished: sendPlan,
  ended: (why) => {
    for (const { reject } of waiting.splice(0)) reject(why);
  },
  leaving,
  heard: (event) => {
    switch (event.type) {
      case 'begun': {
        const { name, settings, lora, adapter } = event;
        const lane: Lane = { ...freshLane({ name, settings }, 0), standing: 'there', lora };
        planned.setState({ saved: 0, notice: null });
        trainedLab.setState(({ version, watched }) => ({
          ...{ lanes: [lane], marks: [], adapter, version: version + 1 },
          origin: `An adapter of ${lora.model}; ${seedsOf([lane])}`,
          watched: { ...watched, step: null },
        }));
        return;
      }
      case 'forked':
        forked(event);
        return;
      case 'run':
        heardOfRun(event.event);
        return;
      case 'adapter': {
        const { answer } = event;
        for (const { resolve, reject } of waiting.splice(0)) {
          if ('code' in answer) reject(new LabError(answer.code, answer.sentence, answer.remedy));
          else resolve(answer);
        }
        return;
      }
    }
    event satisfies never;
  },
});

/** What the trained lane becomes. */
function change(of: (lane: Lane) => Partial<Lane>): void {
  trainedLab.setState(({ lanes: [lane, ...before], version }) => ({
    lanes: lane === undefined ? [] : [{ ...lane, ...of(lane) }, ...before],
    version: version + 1,
  }));
}

/** A lane that goes on from another, which stays as it is while there is a colour for it. */
function forked({ step, settings }: Extract<AskEvent, { type: 'forked' }>): void {
  const { lanes } = trainedLab.getState();
  const [parent] = lanes;
  if (parent === undefined) return;
  const others = lanes.slice(0, mostLanes - 1);
  const name = forkName(parent.name, step, [parent.settings.algorithm, settings.algorithm]);
  const { id, slot } = freshLane({ name, settings }, freeSlot(others));
  const origin = { name: parent.name, step };
  const lane = { ...laneFrom(parent, step, settings), id, slot, name, origin, group: null };
  const parts = describeChanges(settingsAt(parent, step), diffSettings(settingsAt(parent, step), settings));
  const text = `step ${String(step)}: ${['forked', ...parts].join(', ')}`;
  planned.setState({ saved: 0, notice: null });
  trainedLab.setState(({ marks, version, watched }) => ({
    lanes: [lane, ...others],
    marks: [...marks, { step, lanes: [id], text, kind: 'fork' as const }],
    watched: { ...watched, step: null },
    version: version + 1,
  }));
}

function heardOfRun(event: Event): void {
  switch (event.type) {
    case 'rows':
      change((lane) => appendRows(lane, event.rows, event.count));
      return;
    case 'rollouts':
      change(() => ({ group: event.group }));
      return;
    case 'rewound':
      // What comes now is of other steps than those that were saved.
      planned.setState(({ saved }) => ({ saved: saved > event.step ? 0 : saved }));
      change((lane) => (stepOf(lane) > event.step ? laneFrom(lane, event.step, lane.settings) : lane));
      return;
    case 'changed':
      changed(event);
      return;
    default:
      // The other events are of lanes that come and go, or are kept.
      return;
  }
}

/** Notes a change that took effect, and draws it. */
function changed({ step, changes, by }: LiveChange): void {
  const [lane] = trainedLab.getState().lanes;
  if (lane === undefined) return;
  const parts = describeChanges(settingsAt(lane, step), changes);
  change(() => ({
    settings: { ...lane.settings, ...changes },
    changes: [...lane.changes, { step, changes, by }],
  }));
  // The knobs of the page say what the run is trained with.
  if (by === 'guard') planned.setState(({ settings }) => ({ settings: { ...settings, ...changes } }));
  if (step === 0 || parts.length === 0) return;
  const did = by === 'guard' ? ['the guard went back', ...parts] : parts;
  const mark = {
    ...{ step, lanes: [lane.id], text: `step ${step}: ${did.join(', ')}` },
    kind: by === 'guard' ? ('guard' as const) : ('change' as const),
  };
  trainedLab.setState(({ marks }) => ({ marks: [...marks, mark] }));
}

asked.subscribe(({ train }, before) => {
  if (train === before.train) return;
  const { run } = train;
  // The worker is gone, and with it all that it held.
  if (run === null) {
    if (trainedLab.getState().lanes.length > 0) trainedLab.setState(trainedLab.getInitialState(), true);
    planned.setState({ saved: 0 });
    return;
  }
  const state = run.doing === 'training' ? 'training' : run.doing === 'paused' ? 'paused' : 'finished';
  if (state !== trainedLab.getState().state) trainedLab.setState({ state });
});

trainedLab.subscribe(({ watched }, before) => {
  if (watched !== before.watched) send({ type: 'watch', ...watched });
});

/** Whether a knob acts at the next step of a run, rather than at the beginning of one. */
export function isLive(key: HyperparameterKey): boolean {
  return hyperparameters[key].applies === 'live';
}

// This part of the page may be loaded after the worker has begun.
sendPlan();

let asks = false;

/** Has the browser ask before it leaves the page, while that would lose an adapter. */
export function askBeforeLosing(): void {
  if (asks) return;
  asks = true;
  addEventListener('beforeunload', (event) => {
    if (unsavedSteps() > 0) event.preventDefault();
  });
}
