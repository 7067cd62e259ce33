import { type MetricId, metricIds, type MetricRow, metrics } from '../../spec/metrics.ts';
import type { ColumnOutline, Log, LogOutline } from './log.ts';

/** Where a metric comes from. */
export interface ColumnSource {
  readonly column: string;
  /** The column counts in percent: its values are divided by 100. */
  readonly percent: boolean;
}

/** Which column of a log is which metric of the lab. */
export type Mapping = Readonly<Partial<Record<MetricId, ColumnSource>>>;

/** What W&B, verl and the Trainer call the step, the surest first. */
const stepNames = [
  'step',
  '_step',
  'train/global_step',
  'training/global_step',
  'global_step',
  'trainer/global_step',
];

/** The columns whose names say what they are; a metric that two columns claim is left open. */
export function guessMapping({ columns }: LogOutline): Mapping {
  const named = new Map<string, ColumnOutline[]>();
  for (const column of columns) {
    const name = column.name.toLowerCase();
    named.set(name, [...(named.get(name) ?? []), column]);
  }
  const mapping: Partial<Record<MetricId, ColumnSource>> = {};
  const step = stepNames.find((name) => named.get(name)?.length === 1);
  for (const id of metricIds) {
    const names = id === 'step' ? [step ?? ''] : namesOf(id);
    const claims = columns.filter(({ name }) => names.some((each) => isCalled(name.toLowerCase(), each)));
    const [only] = claims;
    if (only !== undefined && claims.length === 1) mapping[id] = { column: only.name, percent: false };
  }
  return mapping;
}

/** What a metric may be called in a log, in lower case; `*` stands for what differs between runs. */
function namesOf(id: MetricId): readonly string[] {
  const { trl, verl } = metrics[id];
  return [id, trl, trl === undefined ? undefined : inWandb(trl), verl].flatMap(
    (name) => name?.toLowerCase() ?? [],
  );
}

/** What transformers renames a metric to before it hands it to W&B. */
function inWandb(name: string): string {
  return name.startsWith('eval_') ? `eval/${name.slice('eval_'.length)}` : `train/${name}`;
}

function isCalled(name: string, pattern: string): boolean {
  if (!pattern.includes('*')) return name === pattern;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`).test(name);
}

/** What a column holds, and whether it can be the metric it is taken for. */
export interface Reading {
  readonly count: number;
  readonly least: number;
  readonly greatest: number;
  /** True where a value lies outside what the metric can be. */
  readonly outside: boolean;
  /** True where the values look like percent, for a metric that is a share. */
  readonly looksPercent: boolean;
}

/** The values of a column, as the metric it is mapped to. */
export function readingOf(
  id: MetricId,
  { count, least, greatest }: ColumnOutline,
  percent: boolean,
): Reading {
  const { range } = metrics[id];
  const scale = percent ? 0.01 : 1;
  const outside = range !== undefined && (least * scale < range[0] || greatest * scale > range[1]);
  const share = range !== undefined && range[0] === 0 && range[1] === 1;
  return {
    count,
    least,
    greatest,
    outside,
    looksPercent: share && least >= 0 && greatest > 1 && greatest <= 100,
  };
}

/** A log in the lab's terms. */
export interface Rows {
  /** Steps ascending, each once; what a step did not measure is absent. */
  readonly rows: readonly Partial<MetricRow>[];
  /** Rows of the log that name no step, or one that is not a whole number from 0 on: they are left out. */
  readonly stepless: number;
}

/** The rows of a log as mapped: those of one step merged, the later ones in the file first to be believed. */
export function readRows({ columns, rows: length }: Log, mapping: Mapping): Rows {
  const columnOf = new Map(columns.map((column) => [column.name, column.values]));
  const sources = metricIds.flatMap((id) => {
    const source = mapping[id];
    const values = source === undefined ? undefined : columnOf.get(source.column);
    return source === undefined || values === undefined || id === 'step'
      ? []
      : [{ id, values, scale: source.percent ? 0.01 : 1 }];
  });
  const steps = columnOf.get(mapping.step?.column ?? '');
  const merged = new Map<number, Partial<Record<MetricId, number>>>();
  let stepless = 0;
  for (let row = 0; row < length; row++) {
    const step = steps?.[row] ?? NaN;
    if (!Number.isSafeInteger(step) || step < 0) {
      stepless++;
      continue;
    }
    const record = merged.get(step) ?? { step };
    merged.set(step, record);
    for (const { id, values, scale } of sources) {
      const value = values[row] ?? NaN;
      if (!Number.isNaN(value)) record[id] = value * scale;
    }
  }
  return { rows: [...merged.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0)), stepless };
}
