import { quote } from '../../lib/quote.ts';
import { type Log, limits, refusal } from './log.ts';
import { Cells, LogTable, numberIn } from './table.ts';

/** A row of a CSV file; `line` is where it begins, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Cells of a row: a chart has three for each run, a table some that are no numbers. */
const mostCells = 4 * limits.columns;

/**
 * The rows of a CSV file (RFC 4180): commas, quotes with doubled quotes inside, any of the three line ends. Empty
 * lines are passed over.
 * @throws LabError where a quote is not closed, something follows a closing quote, or a row has too many cells
 */
export function* readCsv(text: string): Generator<CsvRow> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const begins = line;
    const cells: string[] = [];
    for (;;) {
      if (cells.length === mostCells) {
        throw refusal(
          `Line ${begins} has more than ${mostCells} cells, which is what the page reads.`,
          'Export only the metrics that you want to watch.',
        );
      }
      const end = text[at] === '"' ? endOfQuoted(text, at, line) : endOfPlain(text, at);
      let cell = text.slice(at, end);
      if (cell.startsWith('"')) {
        cell = cell.slice(1, -1).replaceAll('""', '"');
        line += linesIn(cell);
        const next = text[end];
        if (next !== undefined && next !== ',' && next !== '\n' && next !== '\r') {
          throw refusal(
            `Line ${line}: ${quote(next)} follows a closing quote.`,
            'Export the file once more.',
          );
        }
      }
      cells.push(cell);
      at = end;
      if (text[at] !== ',') break;
      // A comma at the very end opens one more cell, an empty one.
      at++;
    }
    if (cells.length > 1 || cells[0] !== '') yield { line: begins, cells };
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    line++;
  }
}

/** Behind the quote that closes the one at a place: a doubled one closes nothing. */
function endOfQuoted(text: string, begin: number, line: number): number {
  for (let end = begin; ; end++) {
    end = text.indexOf('"', end + 1);
    if (end < 0) {
      throw refusal(`Line ${line}: a quote is opened and never closed.`, 'Export the file once more.');
    }
    if (text[end + 1] !== '"') return end + 1;
  }
}

function endOfPlain(text: string, begin: number): number {
  let end = begin;
  for (; end < text.length; end++) {
    const character = text[end];
    if (character === ',' || character === '\n' || character === '\r') break;
  }
  return end;
}

function linesIn(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}

/** What separates run and metric in the header of a chart exported by W&B. */
const separator = ' - ';
/** Columns that such an export adds: the envelope of what the chart drew. */
const envelope = /__(MIN|MAX)$/;

/** Where a column of the file goes: to a run, under a name; to all runs (null) if it is the axis of a chart. */
interface Target {
  readonly run: string | null;
  readonly name: string;
}

/**
 * The runs of a CSV export of W&B. A chart's has its axis first and then a column per run, "<run> - <metric>", with
 * an envelope; a table's (or `history().to_csv()`) has a row per step of one run.
 * @param name of the run where the file doesn't say
 */
export function readCsvLog(name: string, text: string): Log[] {
  const rows = readCsv(text);
  const header = rows.next().value as CsvRow | undefined;
  if (header === undefined) throw refusal('The file is empty.', 'Export the file once more.');
  refuseOtherSeparators(header);
  const targets = targetsOf(header.cells, name);
  const cells = new Cells();
  const runs = new Map<string, Run>();
  // The axis of a chart, its first column, is every run's.
  const [axis] = targets;
  const shared = axis?.run === null ? [{ column: 0, name: axis.name }] : [];
  for (const [column, target] of targets.entries()) {
    if (target === null || target.run === null) continue;
    let run = runs.get(target.run);
    if (run === undefined) {
      run = { table: new LogTable(cells), columns: [...shared] };
      runs.set(target.run, run);
    }
    run.columns.push({ column, name: target.name });
  }
  if (runs.size > limits.runs) {
    throw refusal(
      `Line ${header.line}: the file holds ${runs.size} runs; the page reads ${limits.runs}.`,
      'Export a chart of fewer runs.',
    );
  }
  for (const row of rows) {
    if (row.cells.length !== header.cells.length) {
      throw refusal(
        `Line ${row.line} has ${row.cells.length} cells; the header, line ${header.line}, has ${header.cells.length}.`,
        'Export the file once more.',
      );
    }
    const values = row.cells.map((cell) => (cell.trim() === '' ? undefined : numberIn(cell)));
    for (const { table, columns } of runs.values()) {
      table.addRow(
        `Line ${row.line}`,
        columns.map(({ column, name: called }) => [called, values[column]]),
      );
    }
  }
  return [...runs].map(([run, { table }]) => table.log('wandb', run));
}

/** A run of the file, and which of its cells are which columns of it. */
interface Run {
  readonly table: LogTable;
  readonly columns: { readonly column: number; readonly name: string }[];
}

function targetsOf(header: readonly string[], name: string): readonly (Target | null)[] {
  const [, ...others] = header;
  const chart = others.length > 0 && others.every((cell) => cell.includes(separator));
  const seen = new Map<string, number>();
  return header.map((cell, column): Target | null => {
    if (chart && column > 0 && envelope.test(cell)) return null;
    const before = seen.get(cell) ?? 0;
    seen.set(cell, before + 1);
    // Runs may share their name: those further to the right are numbered.
    const nth = before === 0 ? '' : ` (${before + 1})`;
    if (!chart) return { run: name, name: (cell === '' ? `column ${column + 1}` : cell) + nth };
    if (column === 0) return { run: null, name: cell };
    const cut = cell.lastIndexOf(separator);
    return { run: cell.slice(0, cut) + nth, name: cell.slice(cut + separator.length) };
  });
}

function refuseOtherSeparators({ line, cells }: CsvRow): void {
  const [only = ''] = cells;
  if (cells.length > 1 || !/[;\t]/.test(only)) return;
  const found = only.includes(';') ? 'semicolons' : 'tabs';
  throw refusal(
    `Line ${line}: the columns are separated by ${found}, not by commas.`,
    'Export the file as CSV with commas.',
  );
}
