import { LabError } from '../lib/labError.ts';
import { excerpt, quote } from '../lib/quote.ts';
import { hyperparameterKeys } from './hyperparameters.ts';
import { checkLaneName, freeLaneName } from './laneNames.ts';
import { defaultPreset, presetName, presets, type LaneSetup, type PresetName } from './presets.ts';
import { diffSettings, follow, isKey, likeSettings, parseValue, validateSettings } from './settings.ts';
import { reworded } from './wording.ts';

/** What a shared link says: a preset, and how the lanes differ from its. */
export interface SharedLab {
  readonly preset: PresetName;
  readonly lanes: readonly LaneSetup[];
}

export const mostLanes = 4;
/** Many servers refuse longer addresses, and messengers cut them. */
const longestQuery = 16_000;

/** The lane of a preset that lane `index` is described against; added lanes start from its last. */
function baseLane(preset: PresetName, index: number): LaneSetup {
  const lanes: readonly LaneSetup[] = presets[preset].lanes;
  const lane = lanes[Math.min(index, lanes.length - 1)];
  if (lane === undefined) throw new LabError('bug', `Preset ${preset} has no lanes.`, 'Give it one.');
  return lane;
}

/**
 * Query string without '?': `preset=duel&learningRate=0.0005&2.anchorShare=0.25`. Differences that
 * all lanes share are said once; others carry the lane's number, from 1. Defaults are left out.
 */
export function encodeUrl({ preset, lanes }: SharedLab): string {
  const query = new URLSearchParams();
  if (preset !== defaultPreset) query.set('preset', preset);
  if (lanes.length !== presets[preset].lanes.length) query.set('lanes', String(lanes.length));
  const differences = lanes.map(({ settings }, i) => {
    const base = baseLane(preset, i).settings;
    const { model, prompts } = diffSettings(base, settings);
    // What follows from the model or the prompts need not be said, and what doesn't must be.
    const rest = diffSettings(follow(settings, base), settings);
    return {
      ...rest,
      ...(model === undefined ? {} : { model }),
      ...(prompts === undefined ? {} : { prompts }),
    };
  });
  for (const key of hyperparameterKeys) {
    const values = differences.map((difference) => difference[key]);
    const [first] = values;
    if (first !== undefined && values.every((value) => value === first)) query.set(key, String(first));
    else {
      values.forEach((value, i) => {
        if (value !== undefined) query.set(`${String(i + 1)}.${key}`, String(value));
      });
    }
  }
  lanes.forEach(({ name }, i) => {
    if (name !== baseLane(preset, i).name) query.set(`${String(i + 1)}.name`, name);
  });
  return query.toString();
}

/**
 * A query that can be sent to others.
 * @throws LabError `bad-url` where prompts and rewards make it longer than servers and messengers carry
 */
export function linkQuery(shared: SharedLab): string {
  const query = encodeUrl(shared);
  if (query.length <= longestQuery) return query;
  throw new LabError(
    'bad-url',
    `A link to these settings would have ${String(query.length)} characters, but links may have ${String(longestQuery)}.`,
    'Export the run instead: its file holds all settings.',
  );
}

/** The inverse of `encodeUrl`. Throws LabError ('bad-url') naming what is wrong and what is allowed. */
export function decodeUrl(search: string): SharedLab {
  try {
    return decode(new URLSearchParams(search));
  } catch (error) {
    if (!(error instanceof LabError) || error.code === 'bug') throw error;
    throw new LabError('bad-url', `The link can't be opened. ${error.message}`, error.remedy, error);
  }
}

function decode(query: URLSearchParams): SharedLab {
  const twice = firstTwice([...query.keys()]);
  if (twice !== null) {
    throw new LabError('bad-url', `It says ${quote(twice)} more than once.`, 'Leave out all but one.');
  }
  const preset = presetName(query.get('preset') ?? defaultPreset);
  const count = laneCount(query.get('lanes') ?? String(presets[preset].lanes.length));
  const names = new Map<number, string>();
  const shared: Record<string, unknown> = {};
  const own = Array.from({ length: count }, (): Record<string, unknown> => ({}));
  for (const [entry, text] of query) {
    if (entry === 'preset' || entry === 'lanes') continue;
    // "01" would be a second name of lane 1.
    const number = /^(0|[1-9]\d*)\./.exec(entry)?.[1];
    const key = number === undefined ? entry : entry.slice(number.length + 1);
    const target = number === undefined ? shared : own[Number(number) - 1];
    if (target === undefined) {
      throw new LabError(
        'bad-url',
        `${quote(entry)} speaks of lane ${excerpt(number ?? '')}, but there are ${String(count)} lanes.`,
        `Use lane numbers from 1 to ${String(count)}.`,
      );
    }
    if (key === 'name' && number !== undefined) names.set(Number(number) - 1, checkLaneName(text));
    else if (isKey(key)) target[key] = asTyped(entry, () => parseValue(key, text));
    else throw new LabError('bad-url', `There is no setting ${quote(entry)}.`, likeSettings(key));
  }
  const taken: string[] = [];
  const lanes = own.map((changes, i) => {
    const base = baseLane(preset, i);
    // Added lanes are called like the preset's last: of twins the later one is numbered.
    const name = freeLaneName(names.get(i) ?? base.name, taken);
    taken.push(name);
    return { name, settings: validateSettings({ ...shared, ...changes }, base.settings) };
  });
  return { preset, lanes };
}

/** Names a refused value's knob as the link does, with its lane. */
function asTyped<Result>(entry: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof LabError ? reworded(error, () => `\`${entry}\``) : error;
  }
}

function firstTwice(entries: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (seen.has(entry)) return entry;
    seen.add(entry);
  }
  return null;
}

function laneCount(text: string): number {
  const count = /^\d$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= mostLanes) return count;
  throw new LabError(
    'bad-url',
    `\`lanes\` can't be ${quote(text)}: it must be a whole number from 1 to ${String(mostLanes)}.`,
    'Leave it out for as many as the preset has.',
  );
}
