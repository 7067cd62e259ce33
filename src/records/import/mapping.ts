import { type MetricId, metricIds, metrics } from '../../spec/metrics.ts';
import type { ColumnOutline, LogOutline } from './log.ts';
import { claimsOf, isTabled, plain, stepNames } from './names.ts';

/** Where a metric comes from. */
export interface ColumnSource {
  readonly column: string;
  /** The column counts in percent: its values are divided by 100. */
  readonly percent: boolean;
}

/** Which column of a log is which metric of the lab. */
export type Mapping = Readonly<Partial<Record<MetricId, ColumnSource>>>;

/** A program that claims this many metrics more than any other wrote the log: its names count. */
const clearly = 2;

/** The columns whose names say what they are; a metric that two columns claim is left open. */
export function guessMapping({ columns, axis }: LogOutline): Mapping {
  const named = new Map<string, ColumnOutline[]>();
  for (const column of columns) {
    const name = plain(column.name);
    const same = named.get(name);
    if (same === undefined) named.set(name, [column]);
    else same.push(column);
  }
  const mapping: Partial<Record<MetricId, ColumnSource>> = {};
  const step = axis ?? stepColumn(named);
  if (step !== undefined) mapping.step = { column: step, percent: false };
  const programs = claimsOf(named, canBe).toSorted((a, b) => b.size - a.size);
  const [first, second] = programs;
  const author = first !== undefined && first.size >= (second?.size ?? 0) + clearly ? first : undefined;
  for (const id of metricIds) {
    const claims = author?.get(id) ?? programs.flatMap((claimed) => claimed.get(id) ?? []);
    const [only, ...others] = new Set(claims);
    if (id === 'step' || only === undefined || others.length > 0) continue;
    mapping[id] = { column: only.name, percent: false };
  }
  return mapping;
}

/** A name that is surer than another counts the steps only where it is there about as often. */
const often = 0.5;

/** The column that counts the steps, by its name; two of one name say nothing. */
function stepColumn(named: ReadonlyMap<string, readonly ColumnOutline[]>): string | undefined {
  const candidates = stepNames.flatMap((name) => {
    const columns = named.get(name) ?? [];
    return columns.length === 1 ? columns : [];
  });
  const most = Math.max(...candidates.map(({ count }) => count));
  return candidates.find(({ count }) => count >= often * most)?.name;
}

/** An accuracy that its name only suggests is one where all values are shares. */
function canBe(id: MetricId, column: ColumnOutline): boolean {
  return !metrics[id].needsTruth || isTabled(id, column.name) || !readingOf(id, column, false).outside;
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
