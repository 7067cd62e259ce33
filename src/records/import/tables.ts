import { LabError } from '../../lib/labError.ts';
import { quote } from '../../lib/quote.ts';
import { type CsvRow, CutOff, readCsv } from './csv.ts';
import { counted } from './flatRows.ts';
import { type Log, limits, refusal } from './log.ts';
import { isLong, readLong } from './longCsv.ts';
import { readTagCsv } from './tensorboardCsv.ts';
import { Cells, LogTable, numberIn } from './table.ts';

/** What separates run and metric in the header of a chart exported by W&B. */
const separator = ' - ';
/** Columns that such an export adds: the envelope of what the chart drew. */
const envelope = /__(MIN|MAX)$/;
/** Columns that only W&B’s history has. */
const historyNames = new Set(['_step', '_runtime', '_timestamp']);

/** Where a column of the file goes: to a run, under a name; to all runs (null) if it is the axis of a chart. */
interface Target {
  readonly run: string | null;
  readonly name: string;
}

/** The rows of a table, its header first; the separator is found in its first lines. */
export function rowsOfTable(text: string): Generator<CsvRow> {
  if (isOfSemicolons(text)) return withPoints(readCsv(text, ';'));
  const begin = beginOfTable(text);
  if (begin === null) return readCsv(text);
  const { at, line, barred } = begin;
  return barred ? barredRows(text.slice(at), line) : shifted(readCsv(text.slice(at), '\t'), line);
}

/** Lines of a notebook’s output above its table, and characters of each that are looked at. */
const above = { lines: 20, characters: 100_000 } as const;

/** Where a table of tabs or of bars begins; null where it is neither. */
function beginOfTable(text: string): { at: number; line: number; barred: boolean } | null {
  const lines: { readonly at: number; readonly content: string }[] = [];
  for (const { at, content } of linesIn(text)) {
    lines.push({ at, content: content.slice(0, above.characters) });
    if (lines.length > above.lines) break;
  }
  const [first, second] = lines;
  const commas = count(first?.content, ',');
  if (commas > 0 && commas === count(second?.content, ',') && count(first?.content, '\t') === 0) return null;
  for (const [line, { at, content }] of lines.entries()) {
    if (content.includes('\t')) return { at, line, barred: false };
    if (/^\s*\|.*\|\s*$/.test(content)) return { at, line, barred: true };
  }
  return null;
}

/** Whether semicolons separate the cells, as where numbers have decimal commas. */
function isOfSemicolons(text: string): boolean {
  const lines = linesIn(text);
  const [first = '', second = ''] = [lines.next(), lines.next()].map(({ value }) =>
    ((value as { readonly content: string } | undefined)?.content ?? '').slice(0, above.characters),
  );
  const cells = count(first, ';');
  return cells > 0 && count(second, ';') > 0 && !/[,\t]/.test(first);
}

const decimalComma = /^\s*[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[-+]?\d+)?\s*$/i;

/** Decimal commas as points: "1.234,5" is 1234.5. */
function* withPoints(rows: Generator<CsvRow>): Generator<CsvRow> {
  for (const { line, cells } of rows) {
    const plain = cells.map((cell) =>
      decimalComma.test(cell) ? cell.replaceAll('.', '').replace(',', '.') : cell,
    );
    yield { line, cells: plain };
  }
}

function count(text = '', character: string): number {
  return text.split(character).length - 1;
}

function* shifted(rows: Generator<CsvRow>, by: number): Generator<CsvRow> {
  for (const { line, cells } of rows) yield { line: line + by, cells };
}

/** Rows between bars, as Markdown has them; a line of dashes is none. */
function* barredRows(text: string, before: number): Generator<CsvRow> {
  let line = before;
  for (const { content } of linesIn(text)) {
    line++;
    const trimmed = content.trim();
    if (trimmed === '' || /^[\s|:+=-]+$/.test(trimmed)) continue;
    if (!trimmed.startsWith('|')) return;
    yield {
      line,
      cells: trimmed
        .replace(/^\||\|$/g, '')
        .split('|', 4 * limits.columns)
        .map((cell) => cell.trim()),
    };
  }
}

function* linesIn(text: string): Generator<{ readonly at: number; readonly content: string }> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    yield { at, content: text.slice(at, end < 0 ? text.length : end) };
    at = end < 0 ? text.length : end + 1;
  }
}

/**
 * The runs of a table: of a chart that W&B exports, whose axis comes first and then a column per run, "<run> -
 * <metric>", with an envelope; of W&B’s history; of a tag of TensorBoard; of any other with a row per step.
 * @param name of the run where the file doesn't say
 * @param file as it is called
 */
export function readTable(name: string, file: string, text: string): readonly Log[] {
  const rows = rowsOfTable(text);
  const header = rows.next().value as CsvRow | undefined;
  if (header === undefined) throw refusal('The file is empty.', 'Export the file once more.');
  refuseRunsTable(header);
  const notes: string[] = [];
  const wide = whole(rows, header, text, notes);
  if (header.cells.join() === 'Wall time,Step,Value') return [readTagCsv(file, wide, notes)];
  if (isLong(header.cells)) return readLong(header, wide, notes);
  const chart = isChart(header.cells);
  const runs = runsOf(header, name, chart);
  for (const { line, cells } of wide) {
    const values = cells.map((cell) => (cell.trim() === '' ? undefined : numberIn(cell)));
    for (const { table, columns } of runs.values()) {
      table.addRow(
        `Line ${line}`,
        columns.map(({ column, name: called }) => [called, values[column]]),
      );
    }
  }
  return [...runs].map(([run, { table }]) => {
    if (chart) return steppedChart(table.log('wandb', run, notes, header.cells[0] ?? null));
    const history = header.cells.some((cell) => historyNames.has(cell));
    return table.log(history ? 'wandb' : text.includes(',') ? 'csv' : 'table', run, notes);
  });
}

/** A chart may be drawn over the time instead of steps. */
function steppedChart(log: Log): Log {
  const part = { of: log.name };
  const values = log.columns.find(({ name }) => name === log.axis)?.values ?? [];
  const steps = [...values].filter((value) => Number.isSafeInteger(value) && value >= 0).length;
  if (2 * steps >= log.rows) return { ...log, part };
  return counted(log, `The chart’s axis, ${quote(log.axis)}, counts no steps: its rows are counted.`);
}

/** The rows that are as wide as the header. @param notes gets a sentence where the last one is cut off */
function* whole(rows: Generator<CsvRow>, header: CsvRow, text: string, notes: string[]): Generator<CsvRow> {
  const width = header.cells.length;
  const isCut = !/[\n\r]$/.test(text);
  for (let read = 0; ; read++) {
    let next: IteratorResult<CsvRow>;
    try {
      next = rows.next();
    } catch (error) {
      if (read === 0 || !(error instanceof LabError && error.cause instanceof CutOff)) throw error;
      notes.push('The last line is cut off: what is read ends before it.');
      return;
    }
    if (next.done === true) return;
    const { line, cells } = next.value;
    if (cells.length === width) {
      yield next.value;
      continue;
    }
    const isLast = rows.next().done === true;
    if (!isLast || !isCut || read === 0 || cells.length > width) {
      throw refusal(
        `Line ${line} has ${cells.length} cells; the header, line ${header.line}, has ${width}.`,
        'Export the file once more.',
      );
    }
    notes.push(`The last line, ${line}, is cut off: what is read ends before it.`);
    return;
  }
}

/** A run of the file, and which of its cells are which columns of it. */
interface Run {
  readonly table: LogTable;
  readonly columns: { readonly column: number; readonly name: string }[];
}

function runsOf(header: CsvRow, name: string, chart: boolean): ReadonlyMap<string, Run> {
  const targets = targetsOf(header.cells, name, chart);
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
  if (runs.size === 0) {
    throw refusal(
      `Line ${header.line}: the chart has no line, only what surrounds lines (__MIN, __MAX).`,
      'Export the chart once more.',
    );
  }
  if (runs.size > limits.runs) {
    throw refusal(
      `Line ${header.line}: the file holds ${runs.size} runs; the page reads ${limits.runs}.`,
      'Export a chart of fewer runs.',
    );
  }
  return runs;
}

function isChart([, ...others]: readonly string[]): boolean {
  return others.length > 0 && others.every((cell) => cell.includes(separator));
}

function targetsOf(header: readonly string[], name: string, chart: boolean): readonly (Target | null)[] {
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

/** W&B’s table of runs has a row per run, with what each was last. */
function refuseRunsTable({ line, cells }: CsvRow): void {
  const isTable = ['Name', 'State', 'Created', 'Runtime'].filter((name) => cells.includes(name)).length >= 3;
  if (!isTable) return;
  throw refusal(
    `Line ${line}: this is W&B’s table of runs, a row per run; a log has a row per step.`,
    `Export a chart as CSV, one file each, or the history of a run: run.history().to_csv(${quote('run.csv')}).`,
  );
}
