import { LabError } from '../../lib/labError.ts';
import { plainText } from '../../lib/plainText.ts';
import { readConsole } from './console.ts';
import { type CsvRow } from './csv.ts';
import { readJsonLog } from './json.ts';
import { type Log, limits, refusal, whatIsRead } from './log.ts';
import { isMlflow, readMlflow } from './mlflow.ts';
import { readTable, rowsOfTable } from './tables.ts';

/** @throws LabError where a file is larger than the page reads: asked before its text is */
export function refuseLarge(bytes: number): void {
  if (bytes <= limits.bytes) return;
  throw refusal(
    `The file has ${(bytes / 1e6).toFixed(0)} MB; the page reads ${limits.bytes / 1e6}.`,
    'Export fewer metrics, or log less often.',
  );
}

/** NUL bytes of a text: a crash leaves some, a binary file is full of them. */
const mostNuls = 0.001;

/**
 * Reads the log of a training run from its text: JSON of TRL, verl, this lab or any logger; a console’s output; a
 * table; a metric of MLflow. The contents decide, not the ending.
 * @param file its name: what a run is called where the contents don't say
 * @returns the runs in the file, one or more
 * @throws LabError `bad-file` naming the rule and the line
 * @source transformers TrainerState; verl utils/tracking FileLogger; W&B chart and table export
 */
export function parseLog(file: string, text: string): readonly Log[] {
  const nuls = text.split('\0', text.length * mostNuls + 3).length - 1;
  if (nuls > text.length * mostNuls + 1) {
    throw refusal('The file is not text.', whatIsRead);
  }
  const printed = nuls === 0 ? text : text.replaceAll('\0', '');
  const body = plainText(printed);
  const start = body.trimStart();
  if (start === '') throw refusal('The file is empty.', 'Export the file once more.');
  const name = file.replace(/\.(jsonl?|ndjson|csv|tsv|txt|log|out)$/i, '');
  if (isMlflow(start)) return [readMlflow(file, body)];
  const json = /^(\{\s*["}]|\[\s*[{[\]])/.test(start);
  try {
    if (json) return readJsonLog(name, body);
    if (isTable(body)) return readTable(name, file, body);
  } catch (error) {
    // A console's output can begin as JSON or as a table does.
    if (!(error instanceof LabError) || (json && !(error.cause instanceof SyntaxError))) throw error;
    const runs = readConsole(name, printed);
    if (runs.length === 0) throw error;
    return runs;
  }
  const runs = readConsole(name, printed);
  if (runs.length > 0) return runs;
  refuseTable(body);
  throw refusal('No line of the file is a row of metrics that is known here.', whatIsRead);
}

/** Whether a text begins as a table does: its first rows have the same cells, two at least. */
function isTable(text: string): boolean {
  try {
    const rows = rowsOfTable(text);
    const [header, first] = [rows.next().value, rows.next().value] as (CsvRow | undefined)[];
    if (header === undefined || header.cells.length === 1) return false;
    return first === undefined || first.cells.length === header.cells.length;
  } catch (error) {
    // What is wrong with it is said once it is known that it is nothing else.
    if (error instanceof LabError) return false;
    throw error;
  }
}

/** @throws LabError where a text would be a table, were it not for something in its first lines */
function refuseTable(text: string): void {
  const rows = rowsOfTable(text);
  rows.next();
  rows.next();
}
