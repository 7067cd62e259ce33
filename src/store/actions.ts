import { type HyperparameterKey, hyperparameters } from '../settings/hyperparameters.ts';
import { type LaneSetup, type PresetName, presets } from '../settings/presets.ts';
import { freeLaneName, renamed } from '../settings/laneNames.ts';
import { diffSettings, validateSettings } from '../settings/settings.ts';
import { decodeUrl, mostLanes } from '../settings/url.ts';
import type { SettingValue } from '../spec/hyperparameter.ts';
import { laneFrom } from './append.ts';
import { agreeing } from './ask.ts';
import { mark, open, put, send } from './connection.ts';
import { describeChange } from './describe.ts';
import {
  type Answer,
  canStart,
  forkStep,
  freeSlot,
  freshLane,
  type LabState,
  type Lane,
  lab,
  ownStepsOf,
  reachOf,
  setupsOf,
  stepOf,
  underWay,
} from './lanes.ts';
import { dismissing, refusing, typing } from './refusals.ts';

/** Train when it rests, pause when it runs. */
export function trainOrPause(): void {
  if (lab.getState().state === 'training') send({ type: 'pause' });
  else if (canStart(lab.getState())) send({ type: 'train' });
}

/** Steps that a finished run is to have after `goOn`, as many more as it was begun with; null while it is not finished. */
export function furtherSteps({ state, lanes }: Pick<LabState, 'state' | 'lanes'>): number | null {
  if (state !== 'finished' || lanes.length === 0) return null;
  const [, most] = hyperparameters.steps.range;
  const made = Math.max(...lanes.map(stepOf));
  const steps = Math.min(most, made + Math.max(...lanes.map(({ start }) => start.steps)));
  return steps > made ? steps : null;
}

/** Raises the steps of a run that has made them all, and trains on. */
export function goOn(): void {
  const { lanes } = lab.getState();
  const steps = furtherSteps(lab.getState());
  if (steps === null) return;
  for (const lane of lanes) change(lane, validateSettings({ steps }, lane.settings));
  send({ type: 'train' });
}

/** One step of every lane. */
export function step(): void {
  if (lab.getState().state === 'training' || canStart(lab.getState())) send({ type: 'step' });
}

/** Back to step 0 with the settings as they are; asks first when a run would be lost. */
export function reset(): void {
  reopen(lab.getState().preset, setupsOf(lab.getState().lanes), 'Reset', 'Reset');
}

/** Opens a preset; asks first when a run would be lost. */
export function choosePreset(preset: PresetName): void {
  reopen(preset, presets[preset].lanes, `Preset ${presets[preset].title}`, 'Open it');
}

/**
 * Opens what a link of the Guide names. Asks where a run is under way: it can be opened beside the run as well, while
 * there is room.
 * @param title of what is opened
 * @param opened told where it was: the reader may want to see it
 */
export function openLink(search: string, title: string, opened: () => void): void {
  const { preset, lanes } = decodeUrl(search);
  const { lanes: before } = lab.getState();
  const beside: Answer = {
    label: 'Open beside it',
    goesOn: true,
    act: () => {
      for (const { name, settings } of lanes) {
        const there = lab.getState().lanes;
        const free = freeLaneName(name, namesOf(there));
        put(freshLane({ name: free, settings }, freeSlot(there)), null, null);
      }
      opened();
    },
  };
  reopen(
    preset,
    lanes,
    title,
    'Open it instead',
    before.length + lanes.length <= mostLanes ? [beside] : [],
    opened,
  );
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
  refusing(lab, key, () => {
    const changed = reachOf(key, settings, selected, together).flatMap((index) => {
      const lane = lanes[index];
      return lane === undefined ? [] : [{ lane, next: validateSettings({ [key]: value }, lane.settings) }];
    });
    lab.setState({ refusal: null });
    if (hyperparameters[key].applies === 'live') {
      for (const { lane, next } of changed) change(lane, next);
      return;
    }
    const what = describeChange(key, from, value);
    // A checkpoint goes on with any setting but another model, or another task for it.
    const resumes = hyperparameters[key].group !== 'Task and model';
    const goOnWith = (): void => {
      for (const { lane, next } of changed) goOnFrom(lane, next, `goes on with ${what}`);
    };
    const lost = changed.map(({ lane }) => lane).filter((lane) => ownStepsOf(lane) > 0);
    if (lost.length === 0 && resumes && changed.some(({ lane }) => lane.origin !== null)) {
      goOnWith();
      return;
    }
    const at = Math.min(...lost.map((lane) => forkStep(lane, stepOf(lane))));
    const further: Answer = {
      label: `Go on from step ${at} with it`,
      from: at,
      act: goOnWith,
      goesOn: true,
    };
    agreeing(
      what,
      lost,
      {
        label: 'Restart',
        goesOn: false,
        act: () => {
          for (const { lane, next } of changed) restart(lane, next);
        },
      },
      { others: resumes && at > 0 ? [further] : [] },
    );
  });
}

export const typeKnob = typing(lab, setKnob);
export const dismissRefusal = dismissing(lab);

/** Opens the same lanes once more, after a loss of the device or a refusal. */
export function retry(): void {
  open(lab.getState().preset, setupsOf(lab.getState().lanes));
}

/** Chooses whose controls and rollouts are shown. @param of another page's lanes */
export function selectLane(selected: number, of = lab): void {
  of.setState({ selected, refusal: null });
}

/** Whether changes reach all lanes that agree on a knob, or the selected one alone. */
export function changeTogether(together: boolean): void {
  lab.setState({ together });
}

/** Which step's rollouts are shown, of every lane (null: the newest), and which prompt's. @param of another page's lanes */
export function watchRollouts(wish: Partial<{ step: number | null; prompt: number }>, of = lab): void {
  const watched = { ...of.getState().watched, ...wish };
  of.setState({ watched });
  if (of === lab) send({ type: 'watch', ...watched });
}

/** Says something above the charts, until it is put away. */
export function notify(notice: string): void {
  lab.setState({ notice });
}

/** Puts a message away. */
export function dismissNotice(): void {
  lab.setState({ notice: null });
}

function reopen(
  preset: PresetName,
  lanes: readonly LaneSetup[],
  what: string,
  label: string,
  others: readonly Answer[] = [],
  opened?: () => void,
): void {
  const { lanes: before } = lab.getState();
  const act = (): void => {
    open(preset, lanes);
    opened?.();
  };
  agreeing(what, underWay(before) ? before : [], { label, act, goesOn: false }, { others, stays: true });
}

/** A live change of one lane. */
function change(lane: Lane, settings: Lane['settings']): void {
  const name = nameFor(lane, settings);
  lab.setState(({ lanes }) => ({
    lanes: lanes.map((each) => (each.id === lane.id ? { ...each, settings, name } : each)),
  }));
  send({ type: 'change', lane: lane.id, changes: diffSettings(lane.settings, settings) });
}

/** The same lane from step 0 with other settings; the others stay as they are. */
function restart(lane: Lane, settings: Lane['settings']): void {
  put(freshLane({ name: nameFor(lane, settings), settings }, lane.slot), lane.id, null);
}

/** A lane in its own place, from its newest checkpoint on with other settings. @param does what it does, for the charts */
export function goOnFrom(lane: Lane, settings: Lane['settings'], does: string): void {
  const step = forkStep(lane, stepOf(lane));
  const { id, name, standing } = freshLane({ name: nameFor(lane, settings), settings }, lane.slot);
  put({ ...laneFrom(lane, step, settings), id, name, standing }, lane.id, { lane: lane.id, step });
  mark({ step, lanes: [id], text: `step ${step}: ${name} ${does}`, kind: 'fork' });
}

/** What a lane is called with other settings: a name says nothing of them that is no longer true. */
function nameFor(lane: Lane, settings: Lane['settings']): string {
  const others = lab.getState().lanes.filter(({ id }) => id !== lane.id);
  return freeLaneName(renamed(lane.name, lane.settings, settings), namesOf(others));
}

function namesOf(lanes: readonly Lane[]): readonly string[] {
  return lanes.map(({ name }) => name);
}
