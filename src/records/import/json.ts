import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import { readRecord } from '../read.ts';
import { uncut } from './cutJson.ts';
import { entriesOf, flat, FlatRows } from './flatRows.ts';
import {
  isObject,
  isRow,
  type Json,
  JsonLines,
  keysOf,
  kindOfLines,
  type LineKind,
  linesOf,
  mustBe,
  mustBeRow,
  parseJson,
  type Place,
} from './jsonLines.ts';
import { type Log, limits, refusal, whatIsRead } from './log.ts';
import { stepIn } from './steps.ts';
import { Cells, LogTable } from './table.ts';

/**
 * The runs of a file of JSON: one document (a trainer state, a list of records) or a record per line (verl, this lab,
 * any logger’s flat ones).
 * @param name of the run where the file doesn't say
 * @throws LabError, caused by a SyntaxError where it is no JSON
 */
export function readJsonLog(name: string, text: string): readonly Log[] {
  const [first = ''] = text.trimStart().split('\n', 1);
  const opening = attempt(first);
  if (opening === undefined) return readDocument(name, text);
  if (isObject(opening)) {
    // trainer_state.json of the Hugging Face Trainer, which TRL's trainers write too.
    if (Array.isArray(opening.log_history)) return [readTrainerState(name, opening)];
    if (opening.type === 'header') return readLab(name, text);
    // A line of verl's file logger.
    if (kindOfLines(opening) === 'verl') return [readLines(name, text, 'verl')];
    if (opening.kind === 'metric' && isObject(opening.metrics)) return readTrackio(text);
  }
  const lines = text.trim().includes('\n');
  if (Array.isArray(opening) || (isObject(opening) && !lines && stepIn(entriesOf(opening)) === null)) {
    return readDocument(name, text);
  }
  if (isRow(opening)) return [readLines(name, text, 'lines')];
  throw unknown(opening);
}

function readDocument(name: string, text: string): readonly Log[] {
  let json: unknown;
  let notes: readonly string[] = [];
  try {
    json = parseJson(text);
  } catch (error) {
    const whole = error instanceof LabError && error.cause instanceof SyntaxError ? uncut(text) : null;
    json = whole === null ? undefined : attempt(whole.text);
    if (whole === null || json === undefined) throw error;
    notes = [`The file is cut off: what is read ends with its record ${whole.records}.`];
  }
  if (Array.isArray(json)) return [readRecords(name, json, notes)];
  if (!isObject(json)) throw unknown(json);
  refuseOther(json);
  if ('log_history' in json) return [readTrainerState(name, json, notes)];
  const columns = listsOf(json);
  if (columns === null) throw unknown(json);
  return [readRecords(name, columns, notes)];
}

/** Documents of JSON that people take for the log of a run. */
function refuseOther(json: Json): void {
  if (Array.isArray(json.columns) && Array.isArray(json.data)) {
    throw refusal(
      'The file is a table that W&B was given, of completions for example, not the history of a run.',
      'Export the run’s charts as CSV, or its history.',
    );
  }
  if (Array.isArray(json.cells) && 'nbformat' in json) {
    throw refusal(
      'The file is a notebook.',
      'Copy the table or the output below the cell that trains, and paste it.',
    );
  }
}

/** Columns as lists of one length, as pandas writes them, as records; null where it is something else. */
function listsOf(json: Json): readonly Json[] | null {
  const columns = Object.entries(json).map(([name, values]): [string, readonly unknown[]] => [
    name,
    Array.isArray(values) ? values : isObject(values) ? Object.values(values) : [],
  ]);
  const rows = columns[0]?.[1].length ?? 0;
  if (rows < 2 || columns.some(([, values]) => values.length !== rows)) return null;
  if (rows > limits.rows || columns.length > limits.columns) return null;
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
  );
}

function readTrainerState(name: string, json: unknown, notes: readonly string[] = []): Log {
  const history = isObject(json) ? json.log_history : undefined;
  if (!Array.isArray(history)) throw mustBe('The file', json, 'log_history', 'a list');
  const table = new LogTable();
  history.forEach((entry: unknown, index) => {
    if (!isObject(entry)) throw mustBe('The file', json, `log_history.${index}`, 'an object');
    table.addRow(`log_history[${index}]`, Object.entries(entry));
  });
  return table.log('trl', name, notes);
}

/** A list of records, as a trainer state has them or any other. */
function readRecords(name: string, records: readonly unknown[], notes: readonly string[]): Log {
  const rows = new FlatRows();
  records.forEach((record, index) => {
    if (!isRow(record)) throw mustBeRow(`Record ${index + 1}`, record);
    rows.add(`Record ${index + 1}`, record);
  });
  return rows.log('lines', name, notes);
}

function readLines(name: string, text: string, kind: LineKind): Log {
  const lines = new JsonLines(kind);
  lines.add(text);
  return lines.log(name);
}

/** What trackio keeps of its runs: a record each, with the name of its run. */
function readTrackio(text: string): readonly Log[] {
  const runs = new Map<string, LogTable>();
  const cells = new Cells();
  const place: Place = { line: 0, read: 0, cut: null };
  for (const { line, json } of linesOf(text, place)) {
    const { kind, run, step, metrics } = isObject(json) ? json : {};
    if (kind !== 'metric') continue;
    if (typeof run !== 'string') throw mustBe(`Line ${line}`, json, 'run', 'the name of a run');
    if (!isObject(metrics)) throw mustBe(`Line ${line}`, json, 'metrics', 'an object');
    const table = runs.get(run) ?? new LogTable(cells);
    runs.set(run, table);
    if (runs.size > limits.runs) throw tooManyRuns(runs.size);
    table.addRow(`Line ${line}`, [...flat(metrics), ['step', step]]);
  }
  const notes = place.cut === null ? [] : [place.cut];
  return [...runs].map(([run, table]) => table.log('trackio', run, notes, 'step'));
}

/** Lines of this lab's own: those written headless name their lane in each, those of the page number them. */
function readLab(file: string, text: string): Log[] {
  const { runs, truncated } = readRecord(text);
  const begun = runs.filter(({ rows }) => rows.length > 0);
  if (begun.length === 0) {
    throw refusal(`${quote(file)} has a header, but no steps.`, 'Export it after the first step.');
  }
  if (begun.length > limits.runs) throw tooManyRuns(begun.length);
  const cells = new Cells();
  return begun.map(({ name, rows }) => {
    const table = new LogTable(cells);
    for (const row of rows) table.addRow(`Step ${row.step ?? 0} of ${quote(name)}`, Object.entries(row));
    return table.log('lab', name, truncated === null ? [] : [truncated]);
  });
}

/** What JSON a text holds, undefined where it holds none. */
function attempt(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof LabError) return undefined;
    throw error;
  }
}

function tooManyRuns(count: number): LabError {
  return refusal(`The file holds ${count} runs; the page reads ${limits.runs}.`, 'Split the file.');
}

function unknown(json: unknown): LabError {
  return refusal(
    `Line 1 is neither a log of verl, {"step": …, "data": {…}}, nor a header of this lab, nor a trainer_state.json with its "log_history", nor a record with a step; it has ${keysOf(json)}.`,
    whatIsRead,
  );
}
