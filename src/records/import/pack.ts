import { EarlyWarning } from '../../diagnostics/earlyWarning.ts';
import { RunJudge, unjudged, type Verdict } from '../../diagnostics/judge.ts';
import { type MetricId, metricIds, type MetricRow, metrics } from '../../spec/metrics.ts';
import { otherTraining } from './kind.ts';
import type { Log } from './log.ts';
import type { Mapping } from './mapping.ts';
import { readRows } from './rows.ts';

/** Steps in a row at which something was amber or red. */
export interface Episode {
  readonly step: number;
  readonly until: number;
  readonly state: 'watch' | 'warning';
  readonly reason: string;
}

/** Steps in a row at which metrics were logged that are no finite numbers. */
export interface NotFinite {
  readonly from: number;
  readonly to: number;
  readonly metrics: readonly MetricId[];
}

/** What is said of a run of another trainer. */
export interface Judged {
  /** With all that the log holds. */
  readonly verdict: Verdict;
  /** Without what labels alone can tell. */
  readonly labelFree: Verdict;
  readonly alarms: readonly Episode[];
}

/** The rows of a log as a history takes them, and what is said of the run. */
export interface PackedRows {
  /**
   * [count × metrics], row-major, in the order of `metricIds`; steps ascending. NaN: not measured; Infinity: not finite.
   */
  readonly rows: Float64Array<ArrayBuffer>;
  readonly count: number;
  /** What a resumed run left behind, in the same form: none of it counts. */
  readonly abandoned: Float64Array<ArrayBuffer>;
  /** Rows of the log that name no step: they are left out. */
  readonly stepless: number;
  /** Steps that come twice. */
  readonly twice: number;
  /** Whether steps began anew with each epoch, and were counted on. */
  readonly countedOn: boolean;
  readonly notFinite: readonly NotFinite[];
  /** Null for a file of this lab: its rows are judged as the lab's own, by the page. */
  readonly judged: Judged | null;
}

/** @returns the rows of a log as mapped, each with the score of the early warning where there is something to judge by */
export function packLog(log: Log, mapping: Mapping): PackedRows {
  const { rows, stepless, twice, countedOn, abandoned } = readRows(log, mapping);
  const seen = untold.some((id) => mapping[id] !== undefined);
  const { scores, judged } = log.format === 'lab' ? scoredAsLab(rows) : judgedRun(log, rows, seen);
  return {
    rows: packed(rows, scores),
    count: rows.length,
    abandoned: packed(abandoned),
    stepless,
    twice,
    countedOn,
    notFinite: notFiniteIn(rows),
    judged,
  };
}

type Row = Partial<MetricRow>;

const columnOf = new Map<string, number>(metricIds.map((id, index) => [id, index]));

/** @param scores by row, for those that have none of their own; null where there is nothing to judge by */
function packed(rows: readonly Row[], scores: readonly (number | null)[] = []): Float64Array<ArrayBuffer> {
  const width = metricIds.length;
  const all = new Float64Array(rows.length * width).fill(NaN);
  rows.forEach((row, index) => {
    const score = scores[index] ?? null;
    if (score !== null) all[index * width + scoreColumn] = score;
    for (const id in row) {
      const column = columnOf.get(id);
      if (column !== undefined) all[index * width + column] = row[id as MetricId] ?? NaN;
    }
  });
  return all;
}

const scoreColumn = metricIds.indexOf('warning/score');

interface Scored {
  /** By row; null where there is nothing to judge by. */
  readonly scores: readonly (number | null)[];
  readonly judged: Judged | null;
}

/** A file of this lab has its own scores, which stay. */
function scoredAsLab(rows: readonly Row[]): Scored {
  const warning = new EarlyWarning();
  const scores = rows.map((row) => {
    // As in the lab: a run's first row is an evaluation.
    if (!((row.step ?? 0) > 0)) return null;
    const { score, signal } = warning.add(row);
    return signal === null ? null : score;
  });
  return { scores, judged: null };
}

/** @param seen whether the log holds something that labels alone can tell */
function judgedRun(log: Log, rows: readonly Row[], seen: boolean): Scored {
  const other = otherTraining(log);
  if (other !== null) {
    const reason = `No run of reinforcement learning, and not judged: ${other.columns.slice(0, 3).join(', ')} ${other.columns.length === 1 ? 'is' : 'are'} what ${other.what} logs.`;
    const verdict = { ...unjudged, reason };
    return { scores: [], judged: { verdict, labelFree: verdict, alarms: [] } };
  }
  const blind = new RunJudge(true);
  const seeing = seen ? new RunJudge() : null;
  const alarms = new Alarms();
  const scores = rows.map((row) => {
    seeing?.add(row);
    blind.add(row);
    alarms.add(row.step ?? 0, blind);
    return blind.score;
  });
  if (rows.length === 0) return { scores, judged: { verdict: unjudged, labelFree: unjudged, alarms: [] } };
  const labelFree = blind.verdict;
  return { scores, judged: { verdict: seeing?.verdict ?? labelFree, labelFree, alarms: alarms.all } };
}

const untold = metricIds.filter((id) => metrics[id].needsTruth);

/** An alarm goes on over so many quiet rows: a score at the edge of a zone crosses it again and again. */
const quietRows = 10;

/** Gathers alarms: red ones, and amber ones where it isn't red. */
class Alarms {
  readonly all: Episode[] = [];
  #row = 0;
  readonly #lastRow = { watch: -Infinity, warning: -Infinity };

  add(step: number, judge: RunJudge): void {
    this.#row++;
    const state = judge.alarm;
    if (state === null) return;
    const near = (of: Episode['state']): boolean => this.#row - this.#lastRow[of] <= quietRows;
    // Amber beside red is the same alarm.
    const as = state === 'watch' && near('warning') ? 'warning' : state;
    const last = this.all.findLastIndex((alarm) => alarm.state === as);
    const before = this.all[last];
    if (before !== undefined && near(as)) this.all[last] = { ...before, until: step };
    else this.all.push({ step, until: step, state: as, reason: judge.verdict.reason });
    this.#lastRow[as] = this.#row;
  }
}

/** Rows in a row with a value that is not finite, by what they lack; those without any reading are passed over. */
function notFiniteIn(rows: readonly Row[]): readonly NotFinite[] {
  const found: { from: number; to: number; metrics: Set<MetricId> }[] = [];
  let open = false;
  for (const row of rows) {
    const step = row.step ?? 0;
    const ids = metricIds.filter((id) => row[id] === Infinity);
    if (ids.length === 0) {
      // A row that holds an evaluation alone ends nothing.
      if (Object.keys(row).some((id) => !/^(step|eval\/)/.test(id))) open = false;
      continue;
    }
    const last = found.at(-1);
    if (open && last !== undefined) {
      last.to = step;
      for (const id of ids) last.metrics.add(id);
    } else found.push({ from: step, to: step, metrics: new Set(ids) });
    open = true;
  }
  return found.map(({ metrics: ids, ...span }) => ({ ...span, metrics: [...ids] }));
}
