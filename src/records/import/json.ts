import { type JsonLimits, parseJson as parseBounded } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { quote, saidBy } from '../../lib/quote.ts';
import { readRecord } from '../read.ts';
import { type Log, limits, refusal } from './log.ts';
import { Cells, LogTable } from './table.ts';

type Json = Readonly<Record<string, unknown>>;

/** Rows may hold more than the numbers that are read. */
const jsonLimits: JsonLimits = {
  depth: 32,
  keys: 4 * limits.columns,
  containers: 4 * limits.rows,
  values: 2 * limits.cells,
};

const whatIsRead =
  'Drop a trainer_state.json, JSON lines of verl’s file logger or of this lab, or a CSV export of W&B.';

/**
 * The runs of a file of JSON: one document (TRL) or a record per line (verl, this lab).
 * @param name of the run where the file doesn't say
 */
export function readJsonLog(name: string, text: string): Log[] {
  const [first = ''] = text.trimStart().split('\n', 1);
  const opening = attempt(first);
  if (opening === undefined) return [readTrainerState(name, parseJson(text))];
  if (isObject(opening)) {
    // trainer_state.json of the Hugging Face Trainer, which TRL's trainers write too.
    if (Array.isArray(opening.log_history)) return [readTrainerState(name, opening)];
    if (opening.type === 'header') return readLab(name, text);
    // A line of verl's file logger.
    if (typeof opening.step === 'number' && isObject(opening.data)) return [readVerl(name, text)];
  }
  throw refusal(
    `Line 1 is neither a log of verl, {"step": …, "data": {…}}, nor a header of this lab, nor a trainer_state.json with its "log_history"; it has ${keysOf(opening)}.`,
    whatIsRead,
  );
}

function readTrainerState(name: string, json: unknown): Log {
  const history = isObject(json) ? json.log_history : undefined;
  if (!Array.isArray(history)) throw mustBe('The file', json, 'log_history', 'a list');
  const table = new LogTable();
  history.forEach((entry: unknown, index) => {
    if (!isObject(entry)) throw mustBe('The file', json, `log_history.${index}`, 'an object');
    table.addRow(`log_history[${index}]`, Object.entries(entry));
  });
  return table.log('trl', name);
}

function readVerl(name: string, text: string): Log {
  const table = new LogTable();
  for (const { line, json } of linesOf(text)) {
    const { step, data } = isObject(json) ? json : {};
    if (typeof step !== 'number') throw mustBe(`Line ${line}`, json, 'step', 'a number');
    if (!isObject(data)) throw mustBe(`Line ${line}`, json, 'data', 'an object');
    table.addRow(`Line ${line}`, [...Object.entries(data), ['step', step]]);
  }
  return table.log('verl', name);
}

/** Lines of this lab's own: those written headless name their lane in each, those of the page number them. */
function readLab(file: string, text: string): Log[] {
  const { runs, truncated } = readRecord(text);
  const begun = runs.filter(({ rows }) => rows.length > 0);
  if (begun.length === 0) {
    throw refusal(`${quote(file)} has a header, but no steps.`, 'Export it after the first step.');
  }
  if (begun.length > limits.runs) {
    throw refusal(`The file holds ${begun.length} runs; the page reads ${limits.runs}.`, 'Split the file.');
  }
  const cells = new Cells();
  return begun.map(({ name, rows }) => {
    const table = new LogTable(cells);
    for (const row of rows) table.addRow(`Step ${row.step ?? 0} of ${quote(name)}`, Object.entries(row));
    return table.log('lab', name, truncated === null ? [] : [truncated]);
  });
}

function* linesOf(text: string): Generator<{ readonly line: number; readonly json: unknown }> {
  let line = 0;
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const content = text.slice(at, end < 0 ? text.length : end).trim();
    line++;
    at = end < 0 ? text.length : end + 1;
    if (content !== '') yield { line, json: parseJson(content, line) };
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

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function mustBe(place: string, json: unknown, key: string, what: string): LabError {
  return refusal(`${place}: "${key}" must be ${what}; it has ${keysOf(json)}.`, whatIsRead);
}

function keysOf(json: unknown): string {
  const keys = isObject(json) ? Object.keys(json) : [];
  const named = keys.slice(0, 5).map((key) => quote(key, 40));
  return keys.length === 0 ? 'no keys' : `the keys ${named.join(', ')}${keys.length > 5 ? ' …' : ''}`;
}
