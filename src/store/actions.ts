import { algorithmOf } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { type HyperparameterKey, hyperparameters } from '../settings/hyperparameters.ts';
import { defaultPreset, type Lane as LaneSetup, type PresetName, presets } from '../settings/presets.ts';
import { diffSettings, parseValue, validateSettings } from '../settings/settings.ts';
import { decodeUrl, encodeUrl, mostLanes } from '../settings/url.ts';
import type { SettingValue } from '../spec/hyperparameter.ts';
import { open, send } from './connection.ts';
import { describeChange } from './describe.ts';
import { type Asked, lab, reachOf, underWay } from './lanes.ts';

/** Opens what the address says; nonsense there opens the default preset and says what was wrong. */
export function openFromAddress(search: string): void {
  try {
    const { preset, lanes } = decodeUrl(search);
    open(preset, lanes);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    open(defaultPreset, presets[defaultPreset].lanes);
    lab.setState({ notice: `${error.message} ${error.remedy} The default preset was opened instead.` });
  }
}

/** Keeps the address in step with the settings, so that reload and bookmark bring the same lanes. */
export function keepAddress(): () => void {
  return lab.subscribe((state, before) => {
    if (state.lanes.length === 0 || (state.lanes === before.lanes && state.preset === before.preset)) return;
    const settled = state.lanes.every(({ settings, name }, index) => {
      const old = before.lanes[index];
      return old?.settings === settings && old.name === name;
    });
    if (settled && state.lanes.length === before.lanes.length && state.preset === before.preset) return;
    history.replaceState(null, '', `${addressOf()}${location.hash}`);
  });
}

/** The address of this page with every setting that differs from the default. */
export function addressOf(): string {
  const { preset, lanes } = lab.getState();
  const query = encodeUrl({ preset, lanes });
  const { origin, pathname } = location;
  return `${origin}${pathname}${query === '' ? '' : `?${query}`}`;
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
  reopen({ preset: lab.getState().preset, lanes: setups(), what: 'Reset' });
}

/** Opens a preset; asks first when a run would be lost. */
export function choosePreset(preset: PresetName): void {
  reopen({ preset, lanes: presets[preset].lanes, what: `Preset ${presets[preset].title}` });
}

/** Adds a copy of the selected lane; asks first when a run would be lost. */
export function cloneLane(): void {
  const { preset, selected } = lab.getState();
  const lanes = setups();
  const lane = lanes[selected];
  if (lane === undefined || lanes.length >= mostLanes) return;
  reopen({ preset, lanes: [...lanes, { ...lane, name: `${lane.name} (copy)` }], what: 'A further lane' });
}

/** Removes the selected lane, unless it is the last; asks first when a run would be lost. */
export function removeLane(): void {
  const { preset, selected } = lab.getState();
  const lanes = setups();
  if (lanes.length < 2) return;
  const what = `Without ${lanes[selected]?.name ?? 'this lane'}`;
  reopen({ preset, lanes: lanes.filter((_, lane) => lane !== selected), what });
}

/**
 * Sets a knob in the lanes it reaches. Live knobs go to the trainer at once; others restart the lanes,
 * after a question when a run would be lost. A refused value changes nothing and says why.
 */
export function setKnob(key: HyperparameterKey, value: SettingValue): void {
  const { preset, lanes, selected, together } = lab.getState();
  const settings = lanes.map((lane) => lane.settings);
  const reach = reachOf(key, settings, selected, together);
  const from = settings[selected]?.[key];
  if (from === undefined || from === value) {
    lab.setState({ refusal: null });
    return;
  }
  refusing(key, () => {
    const changed = lanes.map(({ name, settings: old }, lane): LaneSetup => {
      if (!reach.includes(lane)) return { name, settings: old };
      const next = validateSettings({ [key]: value }, old);
      return {
        name: next.algorithm === old.algorithm ? name : algorithmOf(next.algorithm).name,
        settings: next,
      };
    });
    lab.setState({ refusal: null });
    if (hyperparameters[key].applies === 'restart') {
      reopen({ preset, lanes: changed, what: describeChange(key, from, value) });
    } else {
      applyLive(reach, changed);
    }
  });
}

/** Sets a knob from what was typed; what is no value of the knob is refused in words. */
export function typeKnob(key: HyperparameterKey, text: string): void {
  refusing(key, () => {
    setKnob(key, parseValue(key, text));
  });
}

/** The reader agreed to discard the run under way. */
export function agree(): void {
  const { asked } = lab.getState();
  if (asked !== null) open(asked.preset, asked.lanes);
}

/** The reader keeps the run under way. */
export function decline(): void {
  lab.setState({ asked: null });
}

/** After non-finite values: the same lanes at a third of the learning rate. */
export function restartGentler(): void {
  const lanes = setups().map(({ name, settings }) => {
    const [least] = hyperparameters.learningRate.range;
    const learningRate = Math.max(least, Number((settings.learningRate / 3).toPrecision(2)));
    return { name, settings: validateSettings({ learningRate }, settings) };
  });
  open(lab.getState().preset, lanes);
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

/** Which prompt of the batch the table of rollouts shows. */
export function watchPrompt(prompt: number): void {
  send({ type: 'watch', prompt });
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
    lab.setState({ refusal: { key, sentence: error.message } });
  }
}

function setups(): readonly LaneSetup[] {
  return lab.getState().lanes.map(({ name, settings }) => ({ name, settings }));
}

function reopen(wish: Asked): void {
  if (!underWay(lab.getState().lanes)) {
    open(wish.preset, wish.lanes);
    return;
  }
  if (lab.getState().state === 'training') send({ type: 'pause' });
  lab.setState({ asked: wish });
}

function applyLive(reach: readonly number[], changed: readonly LaneSetup[]): void {
  const before = lab.getState().lanes;
  lab.setState({
    lanes: before.map((lane, index) => ({ ...lane, settings: changed[index]?.settings ?? lane.settings })),
  });
  for (const lane of reach) {
    const from = before[lane]?.settings;
    const to = changed[lane]?.settings;
    if (from !== undefined && to !== undefined)
      send({ type: 'change', lane, changes: diffSettings(from, to) });
  }
}
