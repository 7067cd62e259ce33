import * as v from 'valibot';
import { LabError } from '../../lib/labError.ts';
import { readRecord } from '../read.ts';
import { type Log, limits, LogTable, refusal } from './log.ts';

const record = v.record(v.string(), v.unknown());
/** trainer_state.json of the Hugging Face Trainer, which TRL's trainers write too. */
const trainerState = v.looseObject({ log_history: v.array(record) });
/** A line of verl's file logger. */
const verlLine = v.looseObject({ step: v.number(), data: record });
/** A line of this lab's own. */
const labHeader = v.looseObject({ type: v.literal('header') });

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
  if (v.is(trainerState, opening)) return [readTrainerState(name, opening)];
  if (v.is(labHeader, opening)) return readLab(name, text);
  if (v.is(verlLine, opening)) return [readVerl(name, text)];
  throw refusal(
    `Line 1 is neither a log of verl, {"step": …, "data": {…}}, nor a header of this lab, nor a trainer_state.json with its "log_history"; it has ${keysOf(opening)}.`,
    whatIsRead,
  );
}

function readTrainerState(name: string, json: unknown): Log {
  const { log_history } = checked(trainerState, json, 'The file');
  const table = new LogTable();
  log_history.forEach((entry, index) => {
    const where = `log_history[${index}]`;
    table.next(where);
    for (const [key, value] of Object.entries(entry)) table.set(key, value, where);
  });
  return table.log('trl', name);
}

function readVerl(name: string, text: string): Log {
  const table = new LogTable();
  for (const { line, json } of linesOf(text)) {
    const where = `line ${line}`;
    const { step, data } = checked(verlLine, json, `Line ${line}`);
    table.next(where);
    for (const [key, value] of Object.entries(data)) table.set(key, value, where);
    table.set('step', step, where);
  }
  return table.log('verl', name);
}

function readLab(file: string, text: string): Log[] {
  const { runs, truncated } = readRecord(text);
  const begun = runs.filter(({ rows }) => rows.length > 0);
  if (begun.length === 0) {
    throw refusal(`"${file}" has a header, but no steps.`, 'Export it after the first step.');
  }
  if (begun.length > limits.runs) {
    throw refusal(`The file holds ${begun.length} runs; the page reads ${limits.runs}.`, 'Split the file.');
  }
  return begun.map(({ name, rows }) => {
    const table = new LogTable();
    for (const row of rows) {
      const where = `step ${row.step ?? 0} of "${name}"`;
      table.next(where);
      for (const [key, value] of Object.entries(row)) table.set(key, value, where);
    }
    const log = table.log('lab', name);
    return truncated === null ? log : { ...log, truncated };
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

/** JSON as Python writes it, with NaN and Infinity, which become null. @param line of a file of JSON lines */
function parseJson(text: string, line?: number): unknown {
  try {
    return JSON.parse(withoutNaN(text)) as unknown;
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    const place = line === undefined ? 'The file' : `Line ${line}`;
    throw refusal(
      `${place} is no JSON: ${message}.`,
      'If the run was writing while you copied the file, copy it once more; the last line may be cut.',
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

function withoutNaN(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : 'null',
  );
}

function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  place: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refusal(
    `${place}: "${v.getDotPath(issue) ?? ''}": ${issue.message}; it has ${keysOf(json)}.`,
    whatIsRead,
  );
}

function keysOf(json: unknown): string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'no keys';
  const keys = Object.keys(json);
  const named = keys.slice(0, 5).map((key) => `"${key.slice(0, 40)}"`);
  return keys.length === 0 ? 'no keys' : `the keys ${named.join(', ')}${keys.length > 5 ? ' …' : ''}`;
}
