import type { ConsoleLine } from './consoleLines.ts';
import { type ConsoleRow, isDashed, readDashed } from './consoleRows.ts';

/** Columns of the widest terminal whose lines are put together; a row of verl that is whole is longer than that. */
const widest = 500;
/** Most lines that a row may have been broken into. */
const mostLines = 200;

const number = String.raw`(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf|infinity))`;
/** "actor/lr(1e-4):0.010", "actor/entropy:np.float64(0.25)" */
const pair = new RegExp(
  String.raw`^[^\s:]\S{0,200}:(?:${number}|[\w.]{1,30}\(\[?${number}[^()]{0,40}\))$`,
  'i',
);
/** What a pair begins as: a part of its name, or of its value. */
const begun =
  /^(?:[^\s:]{0,200}|[^\s:]\S{0,200}:(?:[-+]?\d*\.?\d*(?:e[-+]?\d*)?|[-+]?(?:[a-z][\w.]{0,29})?|[\w.]{1,30}\(\S{0,40}))$/i;

/** A row of which lines are still to come. */
interface Open {
  readonly line: number;
  readonly width: number;
  readonly lines: number;
  /** Its pairs that are whole, and what stands behind them. */
  readonly whole: string;
  readonly rest: string;
  readonly last: ConsoleLine;
}

/** Puts rows of verl together that a terminal broke at its width: "step:12 - actor/kl:0.1 - actor/lo" and "ss:0.2". */
export class Wrapped {
  #row: Open | null = null;

  /** @returns whether the line begins a row that may go on in the next */
  begin(line: ConsoleLine): boolean {
    if (line.width > widest || !isDashed(line.text)) return false;
    const cut = line.text.lastIndexOf(between) + between.length;
    const [whole, rest] = [line.text.slice(0, cut), line.text.slice(cut)];
    this.#row = { line: line.number, width: line.width, lines: 1, whole, rest, last: line };
    return true;
  }

  /** @returns whether the line goes on with the row that is open */
  add(line: ConsoleLine): boolean {
    const row = this.#row;
    if (row === null || isDashed(line.text) || line.width > row.width + 1 || row.lines === mostLines)
      return false;
    // All lines but the last are as wide as the terminal; a space at the edge of each may be gone.
    if (row.last.width < row.width - 1) return false;
    for (const gap of ['', ' ']) {
      const pieces = `${row.rest}${gap}${line.text}`.split(between);
      const rest = pieces.pop() ?? '';
      if (!pieces.every((piece) => pair.test(piece))) continue;
      const ending = rest.replace(/ -?$/, '');
      if (!pair.test(ending) && !begun.test(ending)) continue;
      const whole = row.whole + pieces.map((piece) => piece + between).join('');
      this.#row = {
        ...row,
        width: Math.max(row.width, line.width),
        lines: row.lines + 1,
        whole,
        rest,
        last: line,
      };
      return true;
    }
    return false;
  }

  /** Ends the row that is open. */
  end(): ConsoleRow | null {
    const row = this.#row;
    this.#row = null;
    return row === null ? null : readDashed(row.line, row.whole + row.rest, !row.last.ended);
  }
}

const between = ' - ';
