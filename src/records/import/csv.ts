import { quote } from '../../lib/quote.ts';
import { limits, refusal } from './log.ts';

/** A row of a CSV file; `line` is where it begins, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Cells of a row: a chart has three for each run, a table some that are no numbers. */
const mostCells = 4 * limits.columns;

/** Says of a refusal that the text ends within a quote which its last line opens: it is cut off there. */
export class CutOff extends Error {}

/**
 * The rows of a CSV file (RFC 4180): commas, semicolons or tabs, quotes with doubled quotes inside, any of the three line ends.
 * Empty lines are passed over.
 * @throws LabError where a quote is not closed, something follows a closing quote, or a row has too many cells
 */
export function* readCsv(text: string, separator: ',' | ';' | '\t' = ','): Generator<CsvRow> {
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
      const end = text[at] === '"' ? endOfQuoted(text, at, line) : endOfPlain(text, at, separator);
      let cell = text.slice(at, end);
      if (cell.startsWith('"')) {
        cell = cell.slice(1, -1).replaceAll('""', '"');
        line += linesIn(cell);
        const next = text[end];
        if (next !== undefined && next !== separator && next !== '\n' && next !== '\r') {
          throw refusal(
            `Line ${line}: ${quote(next)} follows a closing quote.`,
            'Export the file once more.',
          );
        }
      }
      cells.push(cell);
      at = end;
      if (text[at] !== separator) break;
      // A separator at the very end opens one more cell, an empty one.
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
      const last = !text.slice(begin).trimEnd().includes('\n');
      throw refusal(
        `Line ${line}: a quote is opened and never closed.`,
        'Export the file once more.',
        last ? new CutOff() : undefined,
      );
    }
    if (text[end + 1] !== '"') return end + 1;
  }
}

function endOfPlain(text: string, begin: number, separator: string): number {
  let end = begin;
  for (; end < text.length; end++) {
    const character = text[end];
    if (character === separator || character === '\n' || character === '\r') break;
  }
  return end;
}

function linesIn(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}
