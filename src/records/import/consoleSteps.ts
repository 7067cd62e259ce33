import { largest } from '../../lib/stats.ts';
import type { ConsoleRow } from './consoleRows.ts';
import { isRateName } from './names.ts';

/** A place in a console that says how far training is: a progress bar, or a heading. */
export interface Mark {
  /** Rows above it. */
  readonly row: number;
  readonly step: number;
  /** What the bar counts to, which tells bars from one another; headings have each their own below 0. */
  readonly of: number;
}

/** A bar without a description: those of the Trainer's steps and of its evaluations have none. */
const bar = /^\s{0,20}\d{1,3}%\|[^|]{0,400}\|\s{0,20}(\d{1,9})\/(\d{1,9}) {0,3}\[/;
const headings = [
  // Above the completions that TRL prints.
  /─ {0,3}Step (\d{1,9}) {0,3}─/,
  // Below the metrics that ROLL prints.
  /\bpipeline step (\d{1,9}) finished/,
];

/** The marks in a line. @param row rows above it */
export function markIn(text: string, row: number): Mark | null {
  const found = bar.exec(text);
  if (found !== null) return { row, step: Number(found[1]), of: Number(found[2]) };
  for (const [index, pattern] of headings.entries()) {
    const heading = pattern.exec(text);
    if (heading !== null) return { row, step: Number(heading[1]), of: -1 - index };
  }
  return null;
}

/** Bars that count to what this share of the rows' bars counts to are those of training. */
const often = 0.2;
/** Where more of the steps than this are missing or go back, the bars and rows of a console don't belong together. */
const doubtful = 0.2;

/**
 * The step of each row: its own, else that of the bar which is drawn anew below it, as tqdm does when something is
 * written above; where there are no bars, rows are counted.
 * @returns steps, null where it stays unknown, and what was done in words
 */
export function stepsOf(
  rows: readonly ConsoleRow[],
  marks: readonly Mark[],
): { readonly steps: readonly (number | null)[]; readonly notes: readonly string[] } {
  const below = rows.map((): Mark[] => []);
  const above = rows.map((): Mark | undefined => undefined);
  for (const mark of marks) {
    below[mark.row - 1]?.push(mark);
    above[mark.row] = mark;
  }
  const unnamed = rows.flatMap(({ step, kind }, row) => (step === null && kind === 'training' ? [row] : []));
  if (unnamed.length === 0)
    return alongside(
      rows,
      rows.map(({ step }) => step),
      [],
    );

  const totals = new Map<number, number>();
  for (const row of unnamed) {
    const total = (below[row]?.[0] ?? above[row])?.of;
    if (total !== undefined) totals.set(total, (totals.get(total) ?? 0) + 1);
  }
  const most = largest(totals.values(), 0);
  const isTraining = ({ of }: Mark): boolean =>
    (totals.get(of) ?? 0) >= Math.min(most, often * unnamed.length) && most > 0;
  const seen = rows.map(({ step, behindBar }, row) => {
    if (step !== null) return step;
    const before = above[row];
    const own = behindBar ? before : (below[row]?.find(isTraining) ?? before);
    return own !== undefined && isTraining(own) ? own.step : null;
  });
  const missing = unnamed.filter((row) => seen[row] === null).length;
  const backward = unnamed.filter((row, index) => {
    const earlier = seen[unnamed[index - 1] ?? -1];
    return index > 0 && (seen[row] ?? Infinity) <= (earlier ?? -1);
  }).length;
  if (missing + backward <= doubtful * unnamed.length) return alongside(rows, seen, []);

  let counted = 0;
  let before: ConsoleRow | undefined;
  const counts = rows.map((row) => {
    if (row.step !== null || row.kind !== 'training') return row.step;
    // Each node of a cluster prints the row.
    if (before === undefined || !isAgain(row, before)) counted++;
    before = row;
    return counted;
  });
  return alongside(rows, counts, ['No step is printed: the rows of training are counted.']);
}

/** A number that two rows share by no chance: with a fraction, and three digits. */
const measured = /^-?\d*\.(?=\d*[1-9])(?=(?:\d*[1-9]){2})\d{3,}/;

/** Whether a row is the one before it, printed once more: the same in all, and in something that was measured. */
function isAgain({ entries }: ConsoleRow, before: ConsoleRow): boolean {
  return (
    entries.length === before.entries.length &&
    entries.every(([name, value], at) => {
      const [other, there] = before.entries[at] ?? [];
      return name === other && value === there;
    }) &&
    entries.some(([name, value]) => name !== 'epoch' && !isRateName(name) && measured.test(String(value)))
  );
}

/** Rows beside the training steps: an evaluation is of the step before it, a rollout of the first step made of it. */
function alongside(
  rows: readonly ConsoleRow[],
  steps: readonly (number | null)[],
  notes: readonly string[],
): { readonly steps: readonly (number | null)[]; readonly notes: readonly string[] } {
  const most = (kind: ConsoleRow['kind']): number =>
    rows.reduce((last, row, index) => (row.kind === kind ? Math.max(last, steps[index] ?? -1) : last), -1);
  const updates = Math.max(1, Math.round((most('training') + 1) / (most('rollout') + 1)));
  const many = most('rollout') > 0 && most('training') > 0 && updates > 1;
  let last = 0;
  return {
    steps: rows.map(({ kind }, row) => {
      const step = steps[row] ?? null;
      if (kind === 'rollout' && step !== null) return many ? step * updates : step;
      if (kind === 'training') last = step ?? last;
      return step ?? (kind === 'evaluation' ? last : null);
    }),
    notes: many
      ? [...notes, `A rollout is trained on in ${updates} steps: its figures are drawn at the first of them.`]
      : notes,
  };
}
