import { excerpt } from '../../lib/quote.ts';
import { Bars } from './consoleBars.ts';
import { Pairs } from './consolePairs.ts';
import { blockReaders } from './consoleBlocks.ts';
import { type ConsoleLine, consoleLines } from './consoleLines.ts';
import { type ConsoleRow, dictBegun, readDashed, readDicts } from './consoleRows.ts';
import { type Mark, markIn, stepsOf } from './consoleSteps.ts';
import { Wrapped } from './consoleWrapped.ts';
import { type Log, limits, refusal } from './log.ts';
import { Cells, LogTable } from './table.ts';

/**
 * The runs whose trainers printed a text: rows of metrics among all else that a terminal shows.
 * @param text with the carriage returns of its progress bars
 * @returns one after another as they were printed; none where it holds no row of metrics
 * @throws LabError where there is more than is read
 * @source transformers ProgressCallback; verl LocalLogger; OpenRLHF ppo_trainer; NeMo-RL grpo; AReaL StatsLogger; slime
 * observability; ROLL tracking
 */
export function readConsole(name: string, text: string): readonly Log[] {
  const output = new Output();
  for (const line of consoleLines(text)) output.add(line);
  output.end();
  const cells = new Cells();
  const printed = output.rows.length > 0 ? output.rows : output.pairs.rows;
  const told = printed.length > 0 ? printed : output.bars.rows;
  const ofBars = printed.length > 0 ? [] : ['No row is printed: these are what the progress bar said.'];
  const runs = runsIn(told);
  return runs.map(({ from, to }, run) => {
    const rows = told.slice(from, to);
    const marks = output.marks.filter(({ row }) => row >= from && row <= to);
    const { steps, notes } = stepsOf(
      rows,
      marks.map((mark) => ({ ...mark, row: mark.row - from })),
    );
    const table = new LogTable(cells);
    for (const [index, { line, entries }] of rows.entries()) {
      const others = entries.filter(([each]) => each !== 'step');
      table.addRow(`Line ${line}`, [...others, ['step', steps[index] ?? undefined]]);
    }
    const several =
      runs.length === 1
        ? []
        : [`The text holds ${runs.length} runs, one after another: this is number ${run + 1}.`];
    const called = run === 0 ? name : `${name} (${run + 1})`;
    // What was met while reading is of the text's end.
    const met = run === runs.length - 1 ? output.notes() : [];
    return table.log('console', called, [...several, ...ofBars, ...notes, ...met], 'step');
  });
}

/** Where the Trainer has summed up a run and goes on, it goes on with another. */
function runsIn(rows: readonly ConsoleRow[]): readonly { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  let from = 0;
  let last = 0;
  for (const [row, { kind, entries }] of rows.entries()) {
    if (kind === 'training' && from < last) {
      runs.push({ from, to: last });
      from = last;
    }
    if (entries.some(([name]) => name === 'train_runtime')) last = row + 1;
  }
  if (from < rows.length) runs.push({ from, to: rows.length });
  if (runs.length > limits.runs) {
    throw refusal(`The text holds ${runs.length} runs; the page reads ${limits.runs}.`, 'Split it.');
  }
  return runs;
}

/** Lines over which a terminal may have broken a dict, and characters of them. */
const broken = { lines: 40, characters: 50_000, ends: 4 } as const;

/** What torchrun puts before the lines of what failed. */
const rankBefore = /^\[rank\d{1,5}\]: ?/;

/** What a console says, before its rows have steps. */
class Output {
  readonly rows: ConsoleRow[] = [];
  readonly marks: Mark[] = [];
  /** Counted where there are no rows. */
  readonly pairs = new Pairs();
  readonly bars = new Bars();
  readonly #blocks = blockReaders();
  readonly #wrapped = new Wrapped();
  /** A dict that began in a line and did not end in it. */
  #open: { readonly line: number; text: string; lines: number; ends: number } | null = null;
  readonly #unended: number[] = [];
  #cut: number | null = null;
  #inTraceback = false;
  #error: string | null = null;

  add(line: ConsoleLine): void {
    if (this.#wrapped.add(line)) return;
    this.#addEnded();
    const mark = markIn(line.text, this.rows.length);
    const last = this.marks.at(-1);
    if (mark !== null && (last?.row !== mark.row || last.step !== mark.step || last.of !== mark.of)) {
      this.marks.push(mark);
    }
    if (this.#readRow(line, mark !== null)) return;
    if (this.rows.length === 0) {
      this.pairs.add(line.number, line.text);
      this.bars.add(line.number, line.text);
    }
    this.#readError(line.text);
    if (mark === null) this.#readPart(line);
  }

  end(): void {
    this.#addEnded();
    for (const block of this.#blocks) {
      const row = block.end();
      if (row !== null) this.#addRow(row);
    }
    if (this.#open !== null) this.#cut = this.#open.line;
  }

  /** What is to be said of the reading. */
  notes(): string[] {
    const [first] = this.#unended;
    const notes: string[] = [];
    if (this.#cut !== null) notes.push(`Line ${this.#cut} is cut off: what is read ends before that.`);
    if (first !== undefined) {
      const many = this.#unended.length;
      const what =
        many === 1 ? 'A row is left out that begins and does' : `${many} rows are left out that begin and do`;
      notes.push(`${what} not end, in line ${first}${many === 1 ? '' : ' the first'}.`);
    }
    if (this.#error !== null) notes.push(`The run ended in an error: ${excerpt(this.#error, 300)}`);
    return notes;
  }

  #addEnded(): void {
    const row = this.#wrapped.end();
    if (row !== null) this.#addRow(row);
  }

  /** @returns whether the line is a row of metrics, or a part of one */
  #readRow(line: ConsoleLine, behindBar: boolean): boolean {
    const { number, text, ended } = line;
    for (const block of this.#blocks) {
      const found = block.line(number, text);
      if (found === 'taken') return true;
      if (found !== null) this.#addRow(found);
    }
    if (this.#wrapped.begin(line)) {
      this.#leaveOpen();
      return true;
    }
    const dashed = readDashed(number, text, !ended);
    const rows = dashed === null ? readDicts(number, text) : [dashed];
    if (rows.length === 0) return false;
    this.#leaveOpen();
    for (const row of rows) this.#addRow({ ...row, behindBar });
    return true;
  }

  /** A traceback can begin behind a progress bar; what it ends in stands at the margin. */
  #readError(text: string): void {
    if (text.includes('Traceback (most recent call last)')) this.#inTraceback = true;
    else if (this.#inTraceback) {
      const said = text.replace(rankBefore, '');
      if (!/^[A-Za-z_][\w.]*(?:: |$)/.test(said)) return;
      this.#error = said.trim();
      this.#inTraceback = false;
    }
  }

  /** A part of a dict that a terminal broke. */
  #readPart({ number, text }: ConsoleLine): void {
    const begin = dictBegun(text);
    if (begin >= 0) {
      this.#leaveOpen();
      this.#open = { line: number, text: text.slice(begin), lines: 1, ends: 0 };
    } else if (this.#open !== null) this.#continue(text, this.#open);
  }

  #continue(text: string, open: { text: string; lines: number; ends: number; readonly line: number }): void {
    open.text += text;
    open.lines++;
    const rows = text.includes('}') ? readDicts(open.line, open.text) : [];
    if (text.includes('}')) open.ends++;
    if (rows.length > 0) {
      this.#open = null;
      for (const row of rows) this.#addRow(row);
    } else if (open.lines > broken.lines || open.ends > broken.ends || open.text.length > broken.characters) {
      this.#leaveOpen();
    }
  }

  #leaveOpen(): void {
    if (this.#open !== null) this.#unended.push(this.#open.line);
    this.#open = null;
  }

  #addRow(row: ConsoleRow): void {
    this.rows.push(row);
    // It went on.
    this.#error = null;
    this.#inTraceback = false;
    if (this.rows.length <= limits.rows) return;
    throw refusal(
      `Line ${row.line} is row ${this.rows.length} of a run; the page reads ${limits.rows}.`,
      'Log less often, or keep every tenth row.',
    );
  }
}
