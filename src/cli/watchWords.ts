import type { Verdict } from '../diagnostics/judge.ts';
import { mostSentences, readable } from '../diagnostics/signal.ts';
import { excerpt } from '../lib/quote.ts';
import { formatNames } from '../records/import/log.ts';
import { namedElsewhere } from '../records/import/names.ts';
import { stepsCountedOn } from '../records/import/rows.ts';
import type { JudgedRun } from '../records/watched/run.ts';
import { metricIds } from '../spec/metrics.ts';

/** The verdict in a word or two, and since when. */
export function stateInWords({ verdict: { state }, since }: JudgedRun): string {
  const word = state === 'unjudged' ? 'not judged' : state;
  return since === null ? word : `${word} since step ${since}`;
}

/** What the page says of a run, as lines of a terminal. */
export function linesOf(run: JudgedRun): readonly string[] {
  const { log, verdict, known, unknown } = run;
  const alarms = verdict.findings.slice(0, mostSentences).map(({ metrics: ids, from, to }) => {
    const columns = ids.map((id) => {
      const column = known.find(([each]) => each === id)?.[1].column ?? id;
      const { label } = namedElsewhere(id);
      return column === id ? label : `${label} (${excerpt(column)})`;
    });
    return `rests on ${columns.join(', ')}, ${from === to ? `step ${from}` : `steps ${from} to ${to}`}`;
  });
  const matched = known.map(([id, { column }]) => (column === id ? id : `${excerpt(column)} = ${id}`));
  return [
    `${excerpt(log.name, 200)}: ${stateInWords(run)}`,
    ...[
      verdict.reason,
      ...alarms,
      `${formatNames[log.format]}, ${counted(log.rows, 'row')}${stepsInWords(run)}.`,
      `${known.length} of ${counted(log.columns.length, 'column')} known: ${listed(matched)}.`,
      ...(unknown.length === 0 ? [] : [`Not known: ${listed(unknown.map((name) => excerpt(name)))}.`]),
      ...remarks(run),
      ...votesInWords(run),
    ].map((line) => `  ${line}`),
  ];
}

/** The newest votes. */
function votesInWords({ votes }: JudgedRun): readonly string[] {
  if (votes === null) return [];
  const told = metricIds.flatMap((id) => {
    const value = votes[id];
    return id === 'step' || value === undefined
      ? []
      : [`${namedElsewhere(id).label.toLowerCase()} ${readable(value)}`];
  });
  return [`Completions of step ${votes.step ?? 0}: ${told.join(', ')}.`];
}

/** What was made of rows and columns that a reader has to know before believing any of it. */
export function remarks({ log, stepless, twice, countedOn, truth, known }: JudgedRun): readonly string[] {
  const never = log.columns.filter(({ count }) => count === 0).map(({ name }) => excerpt(name));
  return [
    ...log.notes,
    ...(stepless === 0 ? [] : [`${counted(stepless, 'row')} without a step: left out.`]),
    ...(countedOn ? [stepsCountedOn] : []),
    ...(twice === 0
      ? []
      : [`${counted(twice, 'step')} ${twice === 1 ? 'comes' : 'come'} twice; the later rows count.`]),
    ...(truth === null || !known.some(([id, { column }]) => id === 'truth/accuracy' && column === truth)
      ? []
      : [`${excerpt(truth)} is taken for the truth: it is named so, and isn’t what is paid.`]),
    ...(never.length === 0 ? [] : [`Never a finite number: ${listed(never)}.`]),
    ...(log.leftOut.length === 0
      ? []
      : [`Left out, as they hold more than numbers: ${listed(log.leftOut)}.`]),
  ];
}

/** The same for programs: a line of JSON. */
export function jsonOf(run: JudgedRun): string {
  const { log, steps, known, unknown, verdict, since, truth, votes, stepless, twice, countedOn, notFinite } =
    run;
  return JSON.stringify({
    run: log.name,
    state: verdict.state,
    since,
    reason: verdict.reason,
    score: verdict.score,
    findings: verdict.findings,
    kind: formatNames[log.format],
    rows: log.rows,
    steps,
    columns: Object.fromEntries(known.map(([id, { column }]) => [id, column])),
    unknown,
    leftOut: log.leftOut,
    truth,
    votes,
    notes: log.notes,
    stepless,
    twice,
    countedOn,
    notFinite,
  });
}

/** The state that a command ends with: an alarm before what could not be judged. */
export function exitCode(states: readonly Verdict['state'][], refused: number): number {
  if (states.some((state) => state === 'warning' || state === 'collapsed')) return 1;
  return refused > 0 || states.length === 0 || states.includes('unjudged') ? 2 : 0;
}

function stepsInWords({ steps }: JudgedRun): string {
  if (steps === null) return ', no steps';
  const [first, last] = steps;
  return first === last ? `, step ${first}` : `, steps ${first} to ${last}`;
}

/** Most names in a line. */
const mostNamed = 30;

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return `${names.slice(0, mostNamed).join(', ')}${names.length > mostNamed ? ' …' : ''}`;
}

/** "1 row", "61,400 rows" */
function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
