import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Verdict } from '../diagnostics/judge.ts';
import { guessed } from '../records/import/kind.ts';
import type { Log } from '../records/import/log.ts';
import { packLog, type PackedRows } from '../records/import/pack.ts';
import { areOneRun, joinLogs } from '../records/import/join.ts';
import { openLog } from '../records/import/open.ts';
import { metricIds } from '../spec/metrics.ts';

/** Where the logs lie that the rules for runs of any trainer were tried on, and what their owners expect. */
const folder = 'tests/fixtures/logs';

/** A log, and what whoever made the run wants to be told of it. */
export interface WatchCase {
  /** A file, or those of one run; beneath the folder. */
  readonly files: readonly string[];
  /** Which of the runs in it, from 0. */
  readonly run?: number;
  readonly kind: string;
  readonly owner: string;
  readonly state: Verdict['state'];
  /** Patterns that the reason has to match. */
  readonly says: readonly string[];
  /** How many alarms there are in the course of the run. */
  readonly alarms?: number;
  /** The step that the strongest finding begins at, and the last at which it may. */
  readonly since?: number;
  readonly by?: number;
  readonly steps?: number;
  readonly twice?: number;
  readonly abandoned?: readonly [number, number];
}

/** What became of a case. */
export interface JudgedCase extends WatchCase {
  readonly packed: Pick<PackedRows, 'judged' | 'twice' | 'notFinite'> & {
    readonly first: number;
    readonly last: number;
    readonly abandonedSteps: readonly [number, number] | null;
  };
}

/** All cases, read and judged as the page does it. */
export async function judgedCases(): Promise<readonly JudgedCase[]> {
  return Promise.all(watchCases().map(judgedCase));
}

/** All cases. */
export function watchCases(): readonly WatchCase[] {
  return JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as WatchCase[];
}

/** A case, read and judged as the page does it. */
export async function judgedCase(wanted: WatchCase): Promise<JudgedCase> {
  const log = await logOf(wanted);
  const { rows, abandoned, ...packed } = packLog(log, guessed(log).guess);
  const [span, left] = [stepsOf(rows), stepsOf(abandoned)];
  return {
    ...wanted,
    packed: { ...packed, first: span?.[0] ?? NaN, last: span?.[1] ?? NaN, abandonedSteps: left },
  };
}

/** The files of a case as one log, joined as the page joins them. */
async function logOf({ files, run = 0 }: WatchCase): Promise<Log> {
  const logs = await Promise.all(
    files.map(async (file) => {
      const read = await openLog(basename(file), new Uint8Array(readFileSync(`${folder}/${file}`)));
      const log = read[run];
      if (log === undefined) throw new Error(`${file} holds ${String(read.length)} runs.`);
      return log;
    }),
  );
  return logs.reduce((first, second) => {
    if (!areOneRun(first, second)) throw new Error(`${files.join(', ')} are not one run.`);
    return joinLogs(first, second);
  });
}

function stepsOf(rows: Float64Array): readonly [number, number] | null {
  const at = metricIds.indexOf('step');
  const [first, last] = [rows[at], rows[rows.length - metricIds.length + at]];
  return first === undefined || last === undefined ? null : [first, last];
}

/** Whether a case is judged as its owner expects. */
export function isRight({ packed, ...wanted }: JudgedCase): boolean {
  if (packed.judged === null) return false;
  const { verdict, alarms } = packed.judged;
  const [from = NaN] = verdict.findings.map((finding) => finding.from);
  const abandoned = wanted.abandoned ?? null;
  return (
    verdict.state === wanted.state &&
    wanted.says.every((words) => new RegExp(words).test(verdict.reason)) &&
    (wanted.alarms === undefined || alarms.length === wanted.alarms) &&
    (wanted.since === undefined || from === wanted.since) &&
    (wanted.by === undefined || from <= wanted.by) &&
    (wanted.steps === undefined || packed.last === wanted.steps) &&
    packed.twice === (wanted.twice ?? 0) &&
    (abandoned === null || abandoned.join() === packed.abandonedSteps?.join())
  );
}

/** The table of docs/watch.md: by kind, files tried, right, wrong. */
export function caseTable(cases: readonly JudgedCase[]): string {
  const kinds = [...new Set(cases.map(({ kind }) => kind))].sort();
  const row = (name: string, of: readonly JudgedCase[]): string => {
    const right = of.filter(isRight).length;
    return `| ${name} | ${String(of.length)} | ${String(right)} | ${String(of.length - right)} |`;
  };
  return [
    '| kind | files tried | right | wrong |',
    '| --- | --- | --- | --- |',
    ...kinds.map((kind) =>
      row(
        kind,
        cases.filter((each) => each.kind === kind),
      ),
    ),
    row('**all**', cases),
  ].join('\n');
}
