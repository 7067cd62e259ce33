import { limits } from './log.ts';
import { isMetricName, isRateName } from './names.ts';
import { type Entries, readPythonDict } from './pythonDict.ts';
import { stepIn } from './steps.ts';

/** What a line of a console says of a run. */
export interface ConsoleRow {
  readonly line: number;
  readonly entries: Entries;
  /** Null where the line does not say. */
  readonly step: number | null;
  /** A row beside the training steps belongs to the step that it follows. */
  readonly kind: 'training' | 'evaluation' | 'rollout';
  /** It stands in the line of a progress bar, behind it. */
  readonly behindBar?: boolean;
}

/** "step:12 - actor/entropy:0.3 - actor/lr(1e-4):0.010": verl and what is built on it. */
const dashed = /(?:^|[\s)|])step:(\d{1,9}) - /;

export function isDashed(text: string): boolean {
  return dashed.test(text);
}

/** @param cut the line is the file’s last and does not end: its last value may be a part of one */
export function readDashed(line: number, text: string, cut: boolean): ConsoleRow | null {
  const head = dashed.exec(text);
  if (head === null) return null;
  const pairs = text.slice(head.index + head[0].length).split(' - ', 4 * limits.columns);
  if (cut) pairs.pop();
  const entries = pairs.flatMap((pair): [string, unknown][] => {
    const colon = pair.lastIndexOf(':');
    return colon < 1 ? [] : [inUnit(pair.slice(0, colon).trim(), unwrapped(pair.slice(colon + 1).trim()))];
  });
  return { line, entries, step: Number(head[1]), kind: 'training' };
}

/** "np.float64(0.25)", as numpy prints its numbers since version 2, and tensors: the number in it. */
function unwrapped(value: string): string {
  const inner = /^[\w.]{1,30}\(\[?([^,()[\]]{1,40})/.exec(value);
  return inner?.[1] ?? value;
}

/** A name that ends in a unit, "lr(1e-4)", counts in it. */
function inUnit(name: string, value: string): [string, unknown] {
  const unit = /^(.+)\(1(e-?\d{1,2})\)$/.exec(name);
  const [, called, exponent] = unit ?? [];
  return called === undefined || exponent === undefined || !/^[-+.\d]+$/.test(value)
    ? [name, value]
    : [called, `${value}${exponent}`];
}

/** What stands before a dict and says which step it is of: OpenRLHF, slime, and ROLL’s logger. */
const prefixes: readonly { readonly pattern: RegExp; readonly kind: ConsoleRow['kind'] }[] = [
  { pattern: /global step (\d{1,9}): *$/i, kind: 'training' },
  { pattern: /global_step (\d{1,9}), eval_metrics: *$/, kind: 'evaluation' },
  { pattern: /eval at step (\d{1,9}): *$/i, kind: 'evaluation' },
  { pattern: /(?:^|[\s-])step (\d{1,9}): *$/i, kind: 'training' },
  { pattern: /(?:^|\s)(?:rollout|perf|eval|passrate|multi_turn) (\d{1,9}): *$/, kind: 'rollout' },
];

/** Dicts in a line that turn out to be none, or none of metrics: behind these no more are looked for. */
const mostOthers = 4;
const opening = /\{\s*['"]/g;
/** What stands before a dict that lies in another. */
const ofAnother = /['"]\s{0,9}:\s{0,9}$/;

/** Whether a dict begins in a line that could be one of metrics, were the lines behind it read too. @returns where, or -1 */
export function dictBegun(text: string): number {
  const at = text.search(/\{\s*['"][^'"]{1,200}['"]\s*:/);
  if (at < 0 || ofAnother.test(text.slice(Math.max(0, at - 100), at))) return -1;
  const [name = ''] = /[^{\s'"][^'"]*/.exec(text.slice(at, at + 210)) ?? [];
  return (isMetricName(name) && !isRateName(name)) || name === 'epoch' ? at : -1;
}

/** The dicts of metrics in a line, as Python or JSON print them: one, or those of a list that was printed whole. */
export function readDicts(line: number, text: string): readonly ConsoleRow[] {
  const rows: ConsoleRow[] = [];
  opening.lastIndex = 0;
  for (let others = 0; others < mostOthers && rows.length <= limits.rows;) {
    const found = opening.exec(text);
    if (found === null) break;
    const before = text.slice(Math.max(0, found.index - 100), found.index);
    const dict = readPythonDict(text, found.index, 4 * limits.columns);
    const row = dict === null || ofAnother.test(before) ? null : rowOf(line, before, dict.entries);
    if (dict !== null) opening.lastIndex = dict.end;
    if (row === null) others++;
    else rows.push(row);
  }
  return rows;
}

function rowOf(line: number, before: string, printed: Entries): ConsoleRow | null {
  const told = prefixes
    .map(({ pattern, kind }) => ({ step: pattern.exec(before)?.[1], kind }))
    .find(({ step }) => step !== undefined);
  const entries = printed.flatMap(unpacked);
  // Settings have a learning rate, too.
  if (told === undefined && !entries.some(([name]) => isMetricName(name) && !isRateName(name))) return null;
  if (!entries.some(([, value]) => isNumeric(value))) return null;
  return {
    line,
    entries,
    step: told?.step === undefined ? stepIn(entries) : Number(told.step),
    kind: told?.kind ?? kindOf(entries),
  };
}

/** Loggers put their metrics into a dict of that name; what else lies deeper is a setting or a text. */
function unpacked(entry: Entries[number]): Entries {
  const [name, value] = entry;
  if (!Array.isArray(value)) return [entry];
  return name === 'metrics' || name === 'data' ? (value as Entries).flatMap(unpacked) : [[name, '{…}']];
}

/** An evaluation, or the summary that the Trainer prints at the end, is of the step before it. */
function kindOf(entries: Entries): ConsoleRow['kind'] {
  const names = entries.map(([name]) => name);
  const beside = names.some((name) => /^(eval|val|validation)[_/-]/.test(name) || name === 'train_runtime');
  return beside && !names.includes('loss') ? 'evaluation' : 'training';
}

function isNumeric(value: unknown): boolean {
  return (
    typeof value === 'number' || (typeof value === 'string' && /^\s*[-+]?(\d|\.\d|nan|inf)/i.test(value))
  );
}
