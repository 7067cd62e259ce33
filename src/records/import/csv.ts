import { type Log, limits, LogTable, refusal } from './log.ts';

/** A row of a CSV file; `line` is where it begins, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The rows of a CSV file (RFC 4180): commas, quotes with doubled quotes inside, any of the three line ends. Empty
 * lines are passed over.
 * @throws LabError where a quote is not closed, or something follows a closing quote
 */
export function* readCsv(text: string): Generator<CsvRow> {
  let at = 0;
  let line = 1;
  let cells: string[] = [];
  let begins = 1;
  while (at < text.length) {
    if (cells.length === 0) begins = line;
    let cell: string;
    if (text[at] === '"') {
      const opened = line;
      let value = '';
      for (;;) {
        const end = text.indexOf('"', at + 1);
        if (end < 0) {
          throw refusal(`Line ${opened}: a quote is opened and never closed.`, 'Export the file once more.');
        }
        value += text.slice(at + 1, end);
        at = end + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
      line += value.split('\n').length - 1;
      const next = text[at];
      if (next !== undefined && next !== ',' && next !== '\n' && next !== '\r') {
        throw refusal(`Line ${line}: "${next}" follows a closing quote.`, 'Export the file once more.');
      }
      cell = value;
    } else {
      const start = at;
      while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at++;
      cell = text.slice(start, at);
    }
    cells.push(cell);
    if (text[at] === ',') {
      at++;
      // A comma at the very end opens one more cell, an empty one.
      if (at < text.length) continue;
      cells.push('');
    }
    if (cells.length > 1 || cells[0] !== '') yield { line: begins, cells };
    cells = [];
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    line++;
  }
}

/** What separates run and metric in the header of a chart exported by W&B. */
const separator = ' - ';
/** Columns that such an export adds: the envelope of what the chart drew. */
const envelope = /__(MIN|MAX)$/;
/** What stands for "not measured". */
const absent = new Set(['', 'nan', 'null', 'none', 'na', 'inf', '-inf', 'infinity', '-infinity']);

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
  const tables = new Map<string, LogTable>();
  for (const target of targets) {
    if (target !== null && target.run !== null)
      tables.set(target.run, tables.get(target.run) ?? new LogTable());
  }
  if (tables.size > limits.runs) {
    throw refusal(
      `Line ${header.line}: the file holds ${tables.size} runs; the page reads ${limits.runs}.`,
      'Export a chart of fewer runs.',
    );
  }
  for (const { line, cells } of rows) {
    if (cells.length !== header.cells.length) {
      throw refusal(
        `Line ${line} has ${cells.length} cells; the header, line ${header.line}, has ${header.cells.length}.`,
        'Export the file once more.',
      );
    }
    for (const table of tables.values()) table.next(`Line ${line}`);
    targets.forEach((target, column) => {
      if (target === null) return;
      const value = valueOf(cells[column] ?? '');
      const chosen = target.run === null ? [...tables.values()] : [tables.get(target.run)];
      for (const table of chosen) table?.set(target.name, value, `line ${line}`);
    });
  }
  return [...tables].map(([run, table]) => table.log('wandb', run));
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

function valueOf(cell: string): number | string | null {
  const text = cell.trim();
  if (absent.has(text.toLowerCase())) return null;
  // Number() also reads "0x1F" and the like, which no logger writes.
  return /^[-+]?(\d|\.\d)[\d.]*([eE][-+]?\d+)?$/.test(text) && !Number.isNaN(Number(text))
    ? Number(text)
    : text;
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
