import { type JsonLimits, parseJson as parseBounded } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { quote, saidBy } from '../../lib/quote.ts';
import { readRecord } from '../read.ts';
import { uncut } from './cutJson.ts';
import { entriesOf, flat, FlatRows } from './flatRows.ts';
import { type Log, limits, refusal, whatIsRead } from './log.ts';
import { stepIn } from './steps.ts';
import { Cells, LogTable } from './table.ts';

type Json = Readonly<Record<string, unknown>>;

/** Rows may hold more than the numbers that are read. */
const jsonLimits: JsonLimits = {
  depth: 32,
  keys: 4 * limits.columns,
  containers: 4 * limits.rows,
  values: 2 * limits.cells,
};

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
    if (typeof opening.step === 'number' && isObject(opening.data)) return [readVerl(name, text)];
    if (opening.kind === 'metric' && isObject(opening.metrics)) return readTrackio(text);
  }
  const lines = text.trim().includes('\n');
  if (Array.isArray(opening) || (isObject(opening) && !lines && stepIn(entriesOf(opening)) === null)) {
    return readDocument(name, text);
  }
  if (isRow(opening)) return [readLines(name, text)];
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

/** A record per line, flat or nested, under whatever names. */
function readLines(name: string, text: string): Log {
  const rows = new FlatRows();
  const notes: string[] = [];
  for (const { line, json } of linesOf(text, notes)) {
    if (!isRow(json)) throw mustBeRow(`Line ${line}`, json);
    rows.add(`Line ${line}`, json);
  }
  return rows.log('lines', name, notes);
}

/** What trackio keeps of its runs: a record each, with the name of its run. */
function readTrackio(text: string): readonly Log[] {
  const runs = new Map<string, LogTable>();
  const cells = new Cells();
  const notes: string[] = [];
  for (const { line, json } of linesOf(text, notes)) {
    const { kind, run, step, metrics } = isObject(json) ? json : {};
    if (kind !== 'metric') continue;
    if (typeof run !== 'string') throw mustBe(`Line ${line}`, json, 'run', 'the name of a run');
    if (!isObject(metrics)) throw mustBe(`Line ${line}`, json, 'metrics', 'an object');
    const table = runs.get(run) ?? new LogTable(cells);
    runs.set(run, table);
    if (runs.size > limits.runs) throw tooManyRuns(runs.size);
    table.addRow(`Line ${line}`, [...flat(metrics), ['step', step]]);
  }
  return [...runs].map(([run, table]) => table.log('trackio', run, notes, 'step'));
}

function readVerl(name: string, text: string): Log {
  const table = new LogTable();
  const notes: string[] = [];
  for (const { line, json } of linesOf(text, notes)) {
    const { step, data } = isObject(json) ? json : {};
    if (typeof step !== 'number') throw mustBe(`Line ${line}`, json, 'step', 'a number');
    if (!isObject(data)) throw mustBe(`Line ${line}`, json, 'data', 'an object');
    table.addRow(`Line ${line}`, [...Object.entries(data), ['step', step]]);
  }
  return table.log('verl', name, notes);
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

/** The lines that hold something. @param notes gets a sentence where the last one is cut, which ends the others */
function* linesOf(
  text: string,
  notes: string[],
): Generator<{ readonly line: number; readonly json: unknown }> {
  let line = 0;
  let at = 0;
  let read = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const content = text.slice(at, end < 0 ? text.length : end).trim();
    line++;
    at = end < 0 ? text.length : end + 1;
    if (content === '') continue;
    let json: unknown;
    try {
      json = parseJson(content, line);
    } catch (error) {
      const broken = error instanceof LabError && error.cause instanceof SyntaxError;
      if (!broken || read === 0 || text.slice(at).trim() !== '') throw error;
      notes.push(`The last line, ${line}, is cut off: what is read ends before it.`);
      return;
    }
    read++;
    yield { line, json };
  }
}

/** JSON as Python writes it, with NaN and Infinity, which become texts. @param line of a file of JSON lines */
function parseJson(text: string, line?: number): unknown {
  try {
    return parseBounded(text, jsonLimits, { python: true });
  } catch (error) {
    const place = line === undefined ? 'The file' : `Line ${line}`;
    if (error instanceof SyntaxError) {
      throw refusal(
        `${place} is no JSON: ${saidBy(error)}.`,
        'If the run was writing while you copied the file, copy it once more; the last line may be cut.',
        error,
      );
    }
    throw refusal(
      `${place} is no log that is read: ${saidBy(error)}.`,
      'Check that this is the log of a training run.',
      error,
    );
  }
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

/** A record that can be a row: it has a name for each of its values. */
function isRow(json: unknown): json is Json {
  return isObject(json) && Object.keys(json).length > 0;
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
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

function mustBeRow(place: string, json: unknown): LabError {
  return refusal(`${place} must be an object of names and values; it has ${keysOf(json)}.`, whatIsRead);
}

function mustBe(place: string, json: unknown, key: string, what: string): LabError {
  return refusal(`${place}: "${key}" must be ${what}; it has ${keysOf(json)}.`, whatIsRead);
}

function keysOf(json: unknown): string {
  const keys = isObject(json) ? Object.keys(json) : [];
  const named = keys.slice(0, 5).map((key) => quote(key, 40));
  return keys.length === 0 ? 'no keys' : `the keys ${named.join(', ')}${keys.length > 5 ? ' …' : ''}`;
}
