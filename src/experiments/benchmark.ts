import * as v from 'valibot';
import { algorithmOf } from '../algorithms/index.ts';
import { LabError } from '../lib/labError.ts';
import { summarise } from '../diagnostics/collapse.ts';
import { metricIds, metrics, type MetricId, type MetricRow } from '../spec/metrics.ts';
import type { RunRecord } from '../records/run.ts';
import { evaluationsOf } from './reduced.ts';

/** What a detector is shown of a run: rows without a solution in them, under a name that says nothing. */
export interface Observed {
  readonly run: string;
  readonly columns: readonly MetricId[];
  /** Of the steps of which something was kept, in order. */
  readonly rows: readonly ObservedRow[];
}

/** What was measured at a step; what was not is left out. */
export interface ObservedRow {
  readonly step: number;
  readonly values: Partial<MetricRow>;
}

/** What became of a run, which no detector is shown. */
export interface Outcome {
  readonly run: string;
  readonly experiment: string;
  readonly task: string;
  readonly lane: string;
  readonly seed: number;
  /** `fit`: levels may be chosen on it. `judge`: it counts. */
  readonly use: 'fit' | 'judge';
  /** Whether the lab's own alarm changed the run, by the guard. */
  readonly guarded: boolean;
  /** As diagnostics/collapse.ts says; null for a run that held. */
  readonly collapse: number | null;
  /** Its last step, and the distance of its evaluations. */
  readonly steps: number;
  readonly evalEvery: number;
}

/** A run that may become one of the benchmark. */
export interface RunOf extends Pick<RunRecord, 'name' | 'rows' | 'settings' | 'summary'> {
  readonly experiment: string;
}

/** Runs to judge alarms by, and what became of them: in the same order. */
export interface Benchmark {
  readonly observed: readonly Observed[];
  readonly outcomes: readonly Outcome[];
}

export const benchmarkVersion = 1;
const schemas = { observed: 'm-grpo-lab alarms: observed', outcomes: 'm-grpo-lab alarms: outcomes' } as const;

/**
 * Columns that a learner without labels has: no solutions, no evaluations; nor what the lab's own alarm said, or what a
 * step cost.
 */
export const labelFree: readonly MetricId[] = metricIds.filter(
  (id) =>
    id !== 'step' &&
    metrics[id].every === 'step' &&
    !metrics[id].needsTruth &&
    !/^(warning|guard|perf)\//.test(id),
);

/**
 * A run as the benchmark holds it; null where nothing label-free, or no evaluation, was kept of it, and for one that was
 * trained with labels: its rewards tell of solutions.
 * @param named what a detector knows it by
 * @param use whether levels may be chosen on it
 */
export function benchmarkRun(
  run: RunOf,
  named: string,
  use: Outcome['use'],
): { readonly observed: Observed; readonly outcome: Outcome } | null {
  const columns = labelFree.filter((id) => run.rows.some((row) => row[id] !== undefined));
  const summary = summarise(evaluationsOf(run));
  const learnsFromLabels = algorithmOf(run.settings.algorithm).needsTruth;
  if (columns.length === 0 || summary === null || learnsFromLabels) return null;
  const rows = run.rows.flatMap((row): ObservedRow[] => {
    const values = columns.flatMap((id) => (row[id] === undefined ? [] : [[id, row[id]] as const]));
    return values.length === 0 || row.step === undefined
      ? []
      : [{ step: row.step, values: Object.fromEntries(values) }];
  });
  const { task, seed, guard, evalEvery } = run.settings;
  return {
    observed: { run: named, columns, rows },
    outcome: {
      run: named,
      experiment: run.experiment,
      task,
      lane: run.name,
      seed,
      use,
      guarded: guard !== 'off',
      collapse: summary.collapseStep,
      steps: run.summary?.steps ?? rows.at(-1)?.step ?? 0,
      evalEvery,
    },
  };
}

/** Digits behind the point: those of results/. */
const digits = 3;
const unit = 10 ** digits;

/** What is shown, as text: JSON, columns of whole numbers in units of the last digit; null is not measured. */
export function writeObserved(observed: readonly Observed[]): string {
  const runs = observed.map(({ run, columns, rows }) => ({
    run,
    steps: rows.map(({ step }) => step),
    columns: Object.fromEntries(
      columns.map((id) => [
        id,
        rows.map(({ values }) => (values[id] === undefined ? null : Math.round(values[id] * unit))),
      ]),
    ),
  }));
  const head = { schema: schemas.observed, version: benchmarkVersion, digits };
  return `${JSON.stringify({ ...head, runs })}\n`;
}

/** What became of the runs, as text: JSON, a run a line. */
export function writeOutcomes(outcomes: readonly Outcome[]): string {
  const head = JSON.stringify({ schema: schemas.outcomes, version: benchmarkVersion }).slice(0, -1);
  return `${head},"runs":[\n${outcomes.map((outcome) => JSON.stringify(outcome)).join(',\n')}\n]}\n`;
}

const text = v.pipe(v.string(), v.nonEmpty());
const whole = v.pipe(v.number(), v.integer());
const observedSchema = v.strictObject({
  schema: v.literal(schemas.observed),
  version: v.literal(benchmarkVersion),
  digits: v.pipe(whole, v.minValue(0), v.maxValue(9)),
  runs: v.array(
    v.pipe(
      v.strictObject({
        run: text,
        steps: v.array(whole),
        columns: v.record(v.picklist(labelFree), v.array(v.nullable(whole))),
      }),
      v.check(
        ({ steps, columns }) => Object.values(columns).every(({ length }) => length === steps.length),
        'columns as long as `steps`',
      ),
      v.check(({ steps }) => steps.every((step, i) => step > (steps[i - 1] ?? -1)), 'steps that rise'),
    ),
  ),
});
const outcomesSchema = v.strictObject({
  schema: v.literal(schemas.outcomes),
  version: v.literal(benchmarkVersion),
  runs: v.array(
    v.strictObject({
      run: text,
      experiment: text,
      task: text,
      lane: text,
      seed: whole,
      use: v.picklist(['fit', 'judge']),
      guarded: v.boolean(),
      collapse: v.nullable(whole),
      steps: whole,
      evalEvery: whole,
    }),
  ),
});

/**
 * The inverse of `writeObserved` and `writeOutcomes`.
 * @param files what both hold, as JSON
 * @throws LabError `bad-file` for what is no benchmark, or where the two are of different runs
 */
export function parseBenchmark(files: { readonly observed: unknown; readonly outcomes: unknown }): Benchmark {
  const { digits: kept, runs } = parsed('observed', observedSchema, files.observed);
  const outcomes = parsed('outcomes', outcomesSchema, files.outcomes).runs;
  const strange = runs.findIndex(({ run }, at) => run !== outcomes[at]?.run);
  if (strange >= 0 || runs.length !== outcomes.length) {
    throw new LabError(
      'bad-file',
      `The outcomes are of other runs than those observed: ${runs.length} and ${outcomes.length}${strange < 0 ? '' : `, the first that differs is number ${strange + 1}`}.`,
      remedy,
    );
  }
  const observed = runs.map(({ run, steps, columns }) => ({
    run,
    columns: labelFree.filter((id) => columns[id] !== undefined),
    rows: steps.map((step, at) => ({
      step,
      values: Object.fromEntries(
        Object.entries(columns).flatMap(([id, column]) => {
          const value = column[at] ?? null;
          return value === null ? [] : [[id, value / 10 ** kept]];
        }),
      ),
    })),
  }));
  return { observed, outcomes };
}

const remedy = 'npm run judge -- --pack makes both anew from results/.';

function parsed<const Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  json: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new LabError(
    'bad-file',
    `The ${name} are none: \`${v.getDotPath(issue) ?? 'it'}\` is ${issue.received.slice(0, 60)}, not ${issue.expected ?? issue.message}.`,
    remedy,
  );
}
