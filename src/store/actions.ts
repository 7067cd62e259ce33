import { algorithmOf } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { type HyperparameterKey, hyperparameters } from '../settings/hyperparameters.ts';
import { defaultPreset, type LaneSetup, type PresetName, presets } from '../settings/presets.ts';
import { freeLaneName } from '../settings/laneNames.ts';
import { diffSettings, parseValue, validateSettings } from '../settings/settings.ts';
import { decodeUrl, encodeUrl, linkQuery, type SharedLab } from '../settings/url.ts';
import { inLabels } from '../settings/wording.ts';
import type { SettingValue } from '../spec/hyperparameter.ts';
import { open, put, send } from './connection.ts';
import { describeChange } from './describe.ts';
import { freshLane, type Lane, lab, reachOf, setupOf, stepOf, underWay } from './lanes.ts';

/** Opens what the address says; nonsense there opens the default preset and says what was wrong. */
export function openFromAddress(search: string): void {
  try {
    const { preset, lanes } = decodeUrl(search);
    open(preset, lanes);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    open(defaultPreset, presets[defaultPreset].lanes);
    lab.setState({ notice: `${error.message} ${error.remedy} The default preset was opened instead.` });
    refusedAddress = true;
  }
}

/** What the address says was refused and is still there to be mended, until settings take its place. */
let refusedAddress = false;

/** Keeps the address in step with the settings, so that reload and bookmark bring the same lanes. */
export function keepAddress(): void {
  // Another page of the lab is another entry of the history, with nothing kept beside it yet.
  addEventListener('hashchange', () => {
    if (!refusedAddress) keep();
  });
  lab.subscribe((state, before) => {
    if (state.lanes.length === 0 || (state.lanes === before.lanes && state.preset === before.preset)) return;
    const settled = state.lanes.every(({ settings, name }, index) => {
      const old = before.lanes[index];
      return old?.settings === settings && old.name === name;
    });
    if (settled && state.lanes.length === before.lanes.length && state.preset === before.preset) return;
    keep();
  });
}

function keep(): void {
  refusedAddress = false;
  try {
    history.replaceState(null, '', `${addressOf()}${location.hash}`);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // Too long for an address: kept beside it, so that a reload brings the same lanes all the same.
    history.replaceState({ query: encodeUrl(shared()) }, '', `${location.pathname}${location.hash}`);
  }
}

/** What this page is to open: what was kept beside the address for being too long, or else the address's own query. */
export function queryHere(): string {
  const kept: unknown = history.state;
  const query = typeof kept === 'object' && kept !== null && 'query' in kept ? kept.query : null;
  return typeof query === 'string' ? query : location.search;
}

/** The address to share; null where there can be none, and a notice says why. */
export function sharedAddress(): string | null {
  try {
    return addressOf();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    lab.setState({ notice: `${error.message} ${error.remedy}` });
    return null;
  }
}

/** The address of this page with every setting that differs from the default. */
function addressOf(): string {
  const query = linkQuery(shared());
  const { origin, pathname } = location;
  return `${origin}${pathname}${query === '' ? '' : `?${query}`}`;
}

function shared(): SharedLab {
  return { preset: lab.getState().preset, lanes: setups() };
}

/** Train when it rests, pause when it runs. */
export function trainOrPause(): void {
  const { state } = lab.getState();
  if (state === 'training') send({ type: 'pause' });
  else if (state === 'ready' || state === 'paused') send({ type: 'train' });
}

/** One step of every lane. */
export function step(): void {
  const { state } = lab.getState();
  if (state === 'ready' || state === 'paused' || state === 'training') send({ type: 'step' });
}

/** Back to step 0 with the settings as they are; asks first when a run would be lost. */
export function reset(): void {
  reopen(lab.getState().preset, setups(), 'Reset');
}

/** Opens a preset; asks first when a run would be lost. */
export function choosePreset(preset: PresetName): void {
  reopen(preset, presets[preset].lanes, `Preset ${presets[preset].title}`);
}

/**
 * Sets a knob in the lanes it reaches. Live knobs go to the trainer at once; others restart those lanes,
 * after a question when steps would be lost. A refused value changes nothing and says why.
 */
export function setKnob(key: HyperparameterKey, value: SettingValue): void {
  const { lanes, selected, together } = lab.getState();
  const settings = lanes.map((lane) => lane.settings);
  const from = settings[selected]?.[key];
  if (from === undefined || from === value) {
    lab.setState({ refusal: null });
    return;
  }
  refusing(key, () => {
    const changed = reachOf(key, settings, selected, together).flatMap((index) => {
      const lane = lanes[index];
      return lane === undefined ? [] : [{ lane, next: validateSettings({ [key]: value }, lane.settings) }];
    });
    lab.setState({ refusal: null });
    if (hyperparameters[key].applies === 'live') {
      for (const { lane, next } of changed) change(lane, next);
      return;
    }
    const lost = changed.filter(({ lane }) => stepOf(lane) > 0).map(({ lane }) => lane);
    agreeing(describeChange(key, from, value), lost, () => {
      for (const { lane, next } of changed) restart(lane, next);
    });
  });
}

/** Sets a knob from what was typed. @returns false where it was refused, in words */
export function typeKnob(key: HyperparameterKey, text: string): boolean {
  refusing(key, () => {
    setKnob(key, parseValue(key, text));
  });
  return lab.getState().refusal?.key !== key;
}

/** Forgets why a value was refused: it was given up. */
export function dismissRefusal(key: HyperparameterKey): void {
  if (lab.getState().refusal?.key === key) lab.setState({ refusal: null });
}

/** The reader agreed to discard steps. */
export function agree(): void {
  const { asked } = lab.getState();
  lab.setState({ asked: null });
  asked?.agreed();
}

/** The reader keeps the steps made. */
export function decline(): void {
  lab.setState({ asked: null });
}

/** Opens the same lanes once more, after a loss of the device or a refusal. */
export function retry(): void {
  open(lab.getState().preset, setups());
}

/** Chooses whose controls and rollouts are shown. */
export function selectLane(selected: number): void {
  lab.setState({ selected, refusal: null });
}

/** Whether changes reach all lanes that agree on a knob, or the selected one alone. */
export function changeTogether(together: boolean): void {
  lab.setState({ together });
}

/** Which step's rollouts are shown, of every lane (null: the newest), and which prompt's. */
export function watchRollouts(wish: Partial<{ step: number | null; prompt: number }>): void {
  const watched = { ...lab.getState().watched, ...wish };
  lab.setState({ watched });
  send({ type: 'watch', ...watched });
}

/** Says something above the charts, until it is put away. */
export function notify(notice: string): void {
  lab.setState({ notice });
}

/** Puts a message away. */
export function dismissNotice(): void {
  lab.setState({ notice: null });
}

/** Runs a change; a refusal is shown at the knob, and nothing is changed. */
function refusing(key: HyperparameterKey, change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const { message, remedy } = inLabels(error);
    lab.setState({ refusal: { key, sentence: `${message} ${remedy}` } });
  }
}

function setups(): readonly LaneSetup[] {
  return lab.getState().lanes.map(setupOf);
}

function reopen(preset: PresetName, lanes: readonly LaneSetup[], what: string): void {
  const { lanes: before } = lab.getState();
  agreeing(what, underWay(before) ? before : [], () => {
    open(preset, lanes);
  });
}

/** Does what would discard the steps of some lanes, after a question where there are any. */
export function agreeing(what: string, lost: readonly Lane[], agreed: () => void): void {
  const { state, lanes } = lab.getState();
  if (lost.length === 0) {
    agreed();
    return;
  }
  if (state === 'training') send({ type: 'pause' });
  const steps = Math.max(...lost.map(stepOf));
  const whose = lost.length === lanes.length ? 'every lane' : lost.map(({ name }) => name).join(', ');
  const cost = `restarts ${whose} at step 0. The ${steps} steps made so far would be discarded.`;
  lab.setState({ asked: { what, cost, agreed } });
}

/** A live change of one lane. */
function change(lane: Lane, settings: Lane['settings']): void {
  lab.setState(({ lanes }) => ({
    lanes: lanes.map((each) => (each.id === lane.id ? { ...each, settings } : each)),
  }));
  send({ type: 'change', lane: lane.id, changes: diffSettings(lane.settings, settings) });
}

/** The same lane from step 0 with other settings; the others stay as they are. */
function restart(lane: Lane, settings: Lane['settings']): void {
  const others = lab.getState().lanes.filter(({ id }) => id !== lane.id);
  const name =
    settings.algorithm === lane.settings.algorithm
      ? lane.name
      : freeLaneName(
          algorithmOf(settings.algorithm).name,
          others.map((other) => other.name),
        );
  put(freshLane({ name, settings }, lane.slot), lane.id, null);
}
