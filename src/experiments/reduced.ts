import * as v from 'valibot';
import { parsePlan } from '../engine/parsePlan.ts';
import { LabError } from '../lib/labError.ts';
import { finite, mean } from '../lib/stats.ts';
import {
  changedBy,
  runAdapter,
  runName,
  settingValues,
  stepNumber,
  summaryEntries,
} from '../records/building.ts';
import { recordVersion, type RunRecord, type RunSummary } from '../records/run.ts';
import { validateSettings } from '../settings/settings.ts';
import { metricIds, metrics, type MetricId, type MetricRow } from '../spec/metrics.ts';
import type { Keep } from './declaration.ts';

/** The record of an experiment's run, its rows thinned to what the experiment keeps. */
export interface ReducedRun extends RunRecord {
  readonly experiment: string;
  /** What made it. */
  readonly command: string;
  /** Means over the last `steps` steps. */
  readonly end: { readonly steps: number; readonly means: Partial<MetricRow> };
  /** Of its numbers, behind the point. */
  readonly digits: number;
}

/** Thins a record to what an experiment keeps, rounded. What is not finite is left out, as nothing was measured there. */
export function reduced(
  record: RunRecord,
  keep: Keep,
  of: { readonly experiment: string; readonly command: string },
): ReducedRun {
  const { digits } = keep;
  // Never −0, which a file would not keep.
  const round = (value: number): number => Math.round(value * 10 ** digits) / 10 ** digits + 0;
  const rows = record.rows.flatMap((row) => {
    const evaluated = metricIds.some((id) => metrics[id].every === 'eval' && row[id] !== undefined);
    const kept = picked(row, evaluated ? [...keep.rows, ...keep.evaluations] : keep.rows, round);
    return Object.keys(kept).length === 0 ? [] : [{ step: row.step ?? NaN, ...kept }];
  });
  const last = record.rows.slice(-keep.end.steps);
  const means = Object.fromEntries(
    keep.end.means.map((id) => [id, mean(finite(last.map((row) => row[id] ?? NaN)))]),
  );
  return {
    ...record,
    ...of,
    rows,
    summary: record.summary === null ? null : rounded(record.summary, round),
    end: { steps: keep.end.steps, means: picked(means, keep.end.means, round) },
    digits,
  };
}

function picked(
  row: Partial<MetricRow>,
  ids: readonly MetricId[],
  round: (value: number) => number,
): Partial<MetricRow> {
  return Object.fromEntries(
    ids.flatMap((id) => {
      const value = row[id] ?? NaN;
      return Number.isFinite(value) ? [[id, round(value)]] : [];
    }),
  );
}

function rounded(summary: RunSummary, round: (value: number) => number): RunSummary {
  const { base, peak, final, retention } = summary;
  return {
    ...summary,
    base: round(base),
    peak: round(peak),
    final: round(final),
    retention: round(retention),
  };
}

/** Evaluations of `eval/sampled`, in order: what a collapse is seen by. */
export function evaluationsOf({ rows }: Pick<RunRecord, 'rows'>): { step: number; sampled: number }[] {
  return rows.flatMap(({ step, 'eval/sampled': sampled }) =>
    step === undefined || sampled === undefined ? [] : [{ step, sampled }],
  );
}

/**
 * A reduced run as text: JSON, a column a line, so that a change shows in a diff. Numbers of columns are whole, in units
 * of the last digit kept; those of steps are of steps 1, 2, ….
 */
export function writeReduced(run: ReducedRun): string {
  const { experiment, command, name, lab, adapter, plan, settings, changes, summary, end, digits, rows } =
    run;
  const unit = 10 ** digits;
  const column = (id: MetricId, of: typeof rows): (number | null)[] =>
    of.map((row) => (row[id] === undefined ? null : Math.round(row[id] * unit)));
  const isEvaluated = (row: Partial<MetricRow>): boolean =>
    metricIds.some((id) => metrics[id].every === 'eval' && row[id] !== undefined);
  const evaluated = rows.filter(isEvaluated);
  // What is there at evaluations alone stands with them: a column of steps would be null between.
  const has = (where: 'step' | 'eval'): MetricId[] =>
    metricIds.filter((id) => {
      const of = rows.filter((row) => row[id] !== undefined);
      return id !== 'step' && of.length > 0 && of.every(isEvaluated) === (where === 'eval');
    });
  const byStep = new Map(rows.map((row) => [row.step, row]));
  const steps = Array.from({ length: has('step').length === 0 ? 0 : (rows.at(-1)?.step ?? 0) }, (_, i) => ({
    step: i + 1,
    ...byStep.get(i + 1),
  }));
  const table = (columns: readonly (readonly [string, unknown])[]): string =>
    columns.length === 0
      ? '{}'
      : `{\n${columns.map(([id, values]) => `  ${JSON.stringify(id)}: ${JSON.stringify(values)}`).join(',\n')}\n }`;
  const head = {
    type: 'run',
    version: recordVersion,
    ...{ experiment, command, name, lab, adapter, plan, settings, changes, summary, end, digits },
  };
  const lines = Object.entries(head).map(([key, value]) => ` "${key}": ${JSON.stringify(value)}`);
  return `{\n${[
    ...lines,
    ` "evaluations": ${table([['step', evaluated.map(({ step }) => step)], ...has('eval').map((id) => [id, column(id, evaluated)] as const)])}`,
    ` "steps": ${table(has('step').map((id) => [id, column(id, steps)] as const))}`,
  ].join(',\n')}\n}\n`;
}

const whole = v.pipe(v.number(), v.integer());
const columns = v.record(v.picklist(metricIds), v.array(v.nullable(whole)));
const schema = v.strictObject({
  type: v.literal('run'),
  version: v.literal(recordVersion),
  experiment: runName,
  command: v.string(),
  name: runName,
  lab: v.strictObject({ version: runName, commit: v.nullable(runName) }),
  adapter: v.nullable(runAdapter),
  plan: v.unknown(),
  settings: settingValues,
  changes: v.array(v.strictObject({ step: stepNumber, by: changedBy, changes: settingValues })),
  summary: v.nullable(v.strictObject(summaryEntries)),
  end: v.strictObject({ steps: whole, means: v.record(v.picklist(metricIds), v.number()) }),
  digits: whole,
  evaluations: v.pipe(
    columns,
    v.check(
      (all) => new Set(Object.values(all).map((column) => column.length)).size <= 1,
      'columns of one length',
    ),
  ),
  steps: columns,
});

/**
 * The inverse of `writeReduced`.
 * @param json what the file holds
 * @throws LabError `bad-file` for what is no reduced run, `bad-setting` for settings that this version lacks
 */
export function parseReduced(path: string, json: unknown): ReducedRun {
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new LabError(
      'bad-file',
      `"${path}" is no run of an experiment: \`${v.getDotPath(issue) ?? 'it'}\` is ${issue.received.slice(0, 60)}, not ${issue.expected ?? issue.message}.`,
      'Delete it, and npm run experiment makes it anew.',
    );
  }
  const { type: _type, version: _version, evaluations, steps, settings, plan, ...run } = parsed.output;
  return {
    ...run,
    plan: parsePlan(plan),
    settings: validateSettings(settings),
    // Each was made by the trainer's own rules; what it may be is not asked again.
    changes: run.changes,
    origin: null,
    rows: rowsOf(evaluations, steps, 10 ** run.digits),
  };
}

type Columns = v.InferOutput<typeof columns>;

/** Rows by step, from columns of evaluations at their steps and of steps from 1. */
function rowsOf(
  { step: at = [], ...evaluations }: Columns,
  steps: Columns,
  unit: number,
): Partial<MetricRow>[] {
  const rows = new Map<number, Record<string, number>>();
  const put = (step: number, id: string, value: number | null | undefined): void => {
    if (value === null || value === undefined) return;
    const row = rows.get(step) ?? { step };
    row[id] = value / unit;
    rows.set(step, row);
  };
  for (const [id, values] of Object.entries(evaluations)) {
    values.forEach((value, i) => {
      put(at[i] ?? NaN, id, value);
    });
  }
  for (const [id, values] of Object.entries(steps)) {
    values.forEach((value, i) => {
      put(i + 1, id, value);
    });
  }
  return [...rows.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
}
