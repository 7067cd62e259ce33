import { quote } from '../lib/quote.ts';
import type { RecordedRun } from './building.ts';
import type { LiveChange, RunRecord, RunSummary } from './run.ts';

/** What a run gives when it is trained once more. */
export type Replayed = Pick<RunRecord, 'rows' | 'changes'> & { readonly summary: RunSummary };

/** What a comparison found. */
export interface Comparison {
  /** Where the two first differ, in words; null where all that the record holds came out again. */
  readonly difference: string | null;
  /** What the record does not hold and a whole one would, in words. */
  readonly missing: readonly string[];
}

/** Found at a step. */
interface Difference {
  readonly step: number;
  readonly words: string;
}

/**
 * Compares all that a record holds with what came out again: every number but times bit for bit, every change, and
 * the summary.
 */
export function compare(recorded: RecordedRun, replayed: Replayed): Comparison {
  const changes = differenceOfChanges(recorded, replayed.changes);
  const found = [differenceOfRows(recorded, replayed), changes.difference].filter((one) => one !== null);
  const [first] = found.sort((a, b) => a.step - b.step);
  const { summary } = recorded;
  const difference =
    first !== undefined
      ? `differs from step ${first.step} on: ${first.words}`
      : summary === null
        ? null
        : differenceOfSummaries(summary, replayed.summary);
  return {
    difference,
    missing: [...changes.missing, ...(summary === null ? ['it holds no summary'] : [])],
  };
}

function differenceOfRows(recorded: RecordedRun, { rows }: Replayed): Difference | null {
  const compared = [...recorded.known].filter((id) => !id.startsWith('perf/'));
  for (let at = 0; at < Math.max(recorded.rows.length, rows.length); at++) {
    const [one, two] = [recorded.rows[at], rows[at]];
    const [was, is] = [one?.step ?? Infinity, two?.step ?? Infinity];
    if (was !== is) {
      return was < is
        ? { step: was, words: 'there is no such step' }
        : { step: is, words: 'the record lacks this step' };
    }
    const before: Readonly<Record<string, number>> = one ?? {};
    const now: Readonly<Record<string, number>> = two ?? {};
    const id = compared.find((each) => !same(before[each], now[each], recorded));
    if (id !== undefined)
      return { step: was, words: `${id} was ${inWords(before[id])}, is ${inWords(now[id])}` };
  }
  return null;
}

function differenceOfChanges(
  recorded: RecordedRun,
  replayed: readonly LiveChange[],
): { readonly difference: Difference | null; readonly missing: readonly string[] } {
  const last = recorded.rows.at(-1)?.step ?? 0;
  for (let at = 0; at < Math.max(recorded.changes.length, replayed.length); at++) {
    const [one, two] = [recorded.changes[at], replayed[at]];
    if (textOf(one) === textOf(two)) continue;
    // A record that was cut, or taken while the run went on, may end between a row and what the guard did after it.
    if (one === undefined && two?.step === last && recorded.summary === null) {
      return { difference: null, missing: ['it ends before the change after its last step'] };
    }
    return {
      difference: {
        step: Math.min(one?.step ?? Infinity, two?.step ?? Infinity),
        words: `the change was ${textOf(one)}, is ${textOf(two)}`,
      },
      missing: [],
    };
  }
  return { difference: null, missing: [] };
}

function differenceOfSummaries(recorded: RunSummary, replayed: RunSummary): string | null {
  const { seconds: _, ...before } = recorded;
  const { seconds: _now, ...now } = replayed;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])] as (keyof typeof before)[];
  const field = fields.find((each) => !Object.is(before[each], now[each]));
  if (field === undefined) return null;
  return `differs in its summary: ${field} was ${inWords(before[field])}, is ${inWords(now[field])}`;
}

/** Before version 2, −0 was written as 0. */
function same(one: number | undefined, two: number | undefined, { version }: RecordedRun): boolean {
  return version === 1 ? one === two : Object.is(one, two);
}

function textOf(change: LiveChange | undefined): string {
  if (change === undefined) return 'none';
  const { step, by, changes } = change;
  const sorted = Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted))} after step ${step} by ${by}`;
}

function inWords(value: number | string | null | undefined): string {
  if (value === undefined) return 'not there';
  return Object.is(value, -0) ? '-0' : typeof value === 'number' ? String(value) : quote(value);
}
