/** A line of a terminal’s output, without what the terminal obeys. */
export interface ConsoleLine {
  /** Where an editor shows it, from 1: carriage returns begin none. */
  readonly number: number;
  readonly text: string;
  /** Characters that the terminal shows, those that Ray puts before it among them. */
  readonly width: number;
  /** False for what the file ends in without a line’s end. */
  readonly ended: boolean;
}

/** Colours and movements of the cursor; titles of the window. */
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
/** What else no eye sees: NUL bytes, backspaces. */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
/** "(TaskRunner pid=3165, ip=10.0.0.1) ": what Ray puts before the lines of its workers. */
const ray = /^\s*\([^()]{0,200}pid=\d+[^()]{0,200}\)\s?/;
/** A line longer than this is none that a trainer prints: the longest rows of metrics have some ten thousand. */
const longest = 200_000;

/** The lines of a terminal’s output; where a progress bar was drawn over, each of its states. */
export function* consoleLines(text: string): Generator<ConsoleLine> {
  let number = 1;
  let at = 0;
  while (at < text.length) {
    let end = at;
    while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end++;
    const raw = text.slice(at, Math.min(end, at + longest));
    const shown = raw.replace(escapes, '').replace(controls, '');
    const clean = shown.replace(ray, '');
    if (clean.trim() !== '') yield { number, text: clean, width: shown.length, ended: end < text.length };
    if (text[end] === '\n' || (text[end] === '\r' && text[end + 1] !== '\n')) {
      if (text[end] === '\n') number++;
      end++;
    } else if (text[end] === '\r') {
      number++;
      end += 2;
    }
    at = end;
  }
}
