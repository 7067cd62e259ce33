import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { presetNames, presets, type LaneSetup } from '../settings/presets.ts';
import { validateSettings } from '../settings/settings.ts';
import { metricIds, type MetricId } from '../spec/metrics.ts';

/** What is kept of a run's rows. */
export interface Keep {
  /** Whole in every row that has them: those of evaluations make a curve, those of steps a column. */
  readonly rows: readonly MetricId[];
  /** Of steps that end with an evaluation alone: what the curve is drawn against, without a number for every step. */
  readonly evaluations: readonly MetricId[];
  /** Means over the last steps of a run: what its end looks like. */
  readonly end: { readonly steps: number; readonly means: readonly MetricId[] };
  /** Behind the point. */
  readonly digits: number;
}

/** Trainings that belong together: each lane with each seed. */
export interface Experiment {
  /** Its file's name without ending, and the folder of its results. */
  readonly name: string;
  readonly title: string;
  readonly lanes: readonly LaneSetup[];
  readonly seeds: readonly number[];
  /** Sets of seeds that have none in common: what is chosen on one is judged on another. Empty: one set. */
  readonly split: Readonly<Record<string, readonly number[]>>;
  /** Whether a run ends where its collapse is certain: what is asked is whether it comes, and when. */
  readonly untilCollapse: boolean;
  readonly keep: Keep;
}

/** One run of an experiment, ready to be made. */
export interface RunSetup extends LaneSetup {
  readonly experiment: string;
  /** Its place among all runs of the experiment, seed by seed: what an engine counts. */
  readonly index: number;
}

/** Where an experiment says nothing of it: the curve, and what the end looks like beside its accuracy. */
const usualKeep: Keep = {
  rows: ['eval/sampled', 'eval/greedy'],
  evaluations: [],
  end: {
    steps: 10,
    means: ['policy/entropy', 'reward/mean', 'vote/unanimous', 'vote/answer_overlap', 'filter/dropped'],
  },
  digits: 3,
};

/** A message is the rule, to be read after "it must be". */
function whole(least: number, most: number) {
  const rule = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(least, rule), v.maxValue(most, rule));
}
function listOf<const Item extends v.GenericSchema>(item: Item, rule: string) {
  return v.pipe(v.array(item, rule), v.minLength(1, rule));
}
const text = v.pipe(v.string('a text'), v.minLength(1, 'a text that says something'));
const changes = v.record(v.string(), v.unknown(), 'an object of settings, as { "steps": 300 }');
const metric = v.picklist(metricIds, 'a metric of docs/metrics.md');
const seeds = v.pipe(
  listOf(whole(0, 2 ** 32 - 1), 'a list of seeds, as [0, 1, 2]'),
  v.check((all) => new Set(all).size === all.length, 'a list in which no seed is twice'),
);

const schema = v.pipe(
  v.strictObject(
    {
      title: text,
      lanes: listOf(
        v.strictObject({
          preset: v.picklist(presetNames, `one of ${presetNames.join(', ')}`),
          lane: v.optional(text),
          name: v.optional(v.pipe(text, v.regex(/[a-z0-9]/i, 'a name with a letter or a digit'))),
          settings: v.optional(changes, {}),
        }),
        'a list of lanes, as [{ "preset": "duel" }]',
      ),
      settings: v.optional(changes, {}),
      seeds: v.optional(seeds),
      split: v.optional(
        v.pipe(
          v.record(text, seeds, 'sets of seeds by name, as { "calibrate": [100], "judge": [200] }'),
          v.check(
            (sets) => new Set(Object.values(sets).flat()).size === Object.values(sets).flat().length,
            'sets that have no seed in common',
          ),
        ),
      ),
      untilCollapse: v.optional(v.boolean('true or false'), false),
      keep: v.optional(
        v.strictObject({
          rows: v.array(metric, 'a list of metrics'),
          evaluations: v.optional(v.array(metric, 'a list of metrics'), []),
          end: v.optional(
            v.strictObject({ steps: whole(1, 100_000), means: v.array(metric, 'a list of metrics') }),
            { steps: 1, means: [] },
          ),
          digits: whole(0, 6),
        }),
      ),
    },
    'an object with title, lanes and seeds',
  ),
  v.check(
    (declared) => (declared.seeds === undefined) !== (declared.split === undefined),
    'an object with either seeds or a split of them',
  ),
);

/**
 * Reads a declaration: lanes from presets with their own and the experiment's settings upon them.
 * @param path of the file; its name without ending is the experiment's
 * @param declared what it holds
 * @throws LabError `bad-setting` with the entry, its value and the rule it breaks
 */
export function parseExperiment(path: string, declared: unknown): Experiment {
  const parsed = v.safeParse(schema, declared);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const entry = v.getDotPath(issue) ?? '';
    const found = issue.received === 'undefined' ? 'missing' : short(issue.received);
    const where = `${path}${entry === '' ? '' : `, \`${entry}\``}`;
    // A key that a strict object lacks is expected never to be there.
    if (issue.expected === 'never') {
      throw refusal(`${where} is no entry of an experiment.`, 'Remove it, or correct its name.');
    }
    throw refusal(`${where} is ${found}: it must be ${issue.message}.`, `Make it ${issue.message}.`);
  }
  const { title, settings, seeds: given = [], split = {}, untilCollapse } = parsed.output;
  const lanes = parsed.output.lanes.flatMap((lane) => lanesOf(path, lane, settings));
  const twice = lanes.find((lane, i) => lanes.findIndex((other) => slug(other.name) === slug(lane.name)) < i);
  if (twice !== undefined) {
    throw refusal(
      `${path} has two lanes whose runs would be one file, ${slug(twice.name)}.`,
      'Give each lane a `name` that differs in letters or digits.',
    );
  }
  return {
    name: path.replace(/^.*[\\/]/, '').replace(/\.json$/, ''),
    title,
    lanes,
    seeds: [...given, ...Object.values(split).flat()],
    split,
    untilCollapse,
    keep: parsed.output.keep ?? usualKeep,
  };
}

type DeclaredLane = v.InferOutput<typeof schema>['lanes'][number];

/** A lane of a preset, or all of them. */
function lanesOf(path: string, declared: DeclaredLane, shared: object): LaneSetup[] {
  const { preset, lane, name } = declared;
  const all: readonly LaneSetup[] = presets[preset].lanes;
  const chosen = lane === undefined ? all : all.filter((each) => each.name === lane);
  if (chosen.length === 0) {
    throw refusal(
      `${path}: preset ${preset} has no lane "${lane ?? ''}".`,
      `Choose of ${all.map((each) => `"${each.name}"`).join(', ')}.`,
    );
  }
  if (name !== undefined && chosen.length > 1) {
    throw refusal(
      `${path}: the name "${name}" is for one lane, but preset ${preset} has ${chosen.length}.`,
      'Choose one of them by `lane`.',
    );
  }
  return chosen.map((each) => ({
    name: name ?? each.name,
    settings: checked(path, name ?? each.name, { ...shared, ...declared.settings }, each.settings),
  }));
}

function checked(path: string, lane: string, under: object, base: Settings): Settings {
  if ('seed' in under) {
    throw refusal(
      `${path} sets the seed of "${lane}", but all its seeds train each lane.`,
      'List it in `seeds`.',
    );
  }
  try {
    return validateSettings(under, base);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw refusal(`${path}, lane "${lane}": ${error.message}`, error.remedy);
  }
}

/** All runs, seed by seed: the first seed is done in every lane before the next begins. */
export function setupsOf({ name, lanes, seeds: all }: Experiment): readonly RunSetup[] {
  return all.flatMap((seed, at) =>
    lanes.map((lane, among) => ({
      experiment: name,
      index: at * lanes.length + among,
      name: lane.name,
      settings: validateSettings({ seed }, lane.settings),
    })),
  );
}

/** A lane's name as a part of a file's: "M-GRPO + IQR, N = G/4" → "m-grpo-iqr-n-g-4". */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The file of a run, in the folder of its experiment. */
export function runFile({ name, settings }: LaneSetup): string {
  return `${slug(name)}.${settings.seed}.json`;
}

function short(received: string): string {
  return received.length > 60 ? `${received.slice(0, 60)}…` : received;
}

function refusal(sentence: string, remedy: string): LabError {
  return new LabError('bad-setting', sentence, remedy);
}
