import type { RecordedRun } from '../records/building.ts';
import { compare } from '../records/compare.ts';
import type { RunRecord } from '../records/run.ts';

/** Never compared: the runs go on. */
const nothing = {
  ...{ steps: 0, base: NaN, peak: NaN, peakStep: 0, final: NaN, finalStep: 0, retention: NaN },
  ...{ collapseStep: null, seconds: 0 },
};

/**
 * What is to be said of steps that had been trained before and came out once more, in words.
 * @param found the run as it was recorded before
 * @param again the run as far as it has come out, from the first of those steps on
 * @returns null where there were none, or not all of them are there yet
 */
export function comparedAgain(found: RecordedRun, again: Pick<RunRecord, 'rows' | 'changes'>): string | null {
  const [first, last] = [again.rows[0]?.step ?? Infinity, found.rows.at(-1)?.step ?? -1];
  if (first > last || (again.rows.at(-1)?.step ?? -1) < last) return null;
  // The guard acts at the end of a step: what it did at the last one is told after its row.
  const guarded = ({ changes }: Pick<RunRecord, 'changes'>): boolean =>
    changes.some(({ step, by }) => step === last && by === 'guard');
  const awaited = again.rows.at(-1)?.step === last && guarded(found) && !guarded(again);
  const upTo = <T extends { readonly step?: number }>(all: readonly T[]): readonly T[] =>
    all.filter(({ step = 0 }) => step >= first && step <= last);
  const made = upTo(found.changes).filter(({ step }) => !awaited || step !== last);
  const recorded = { ...found, rows: upTo(found.rows), changes: made, summary: null };
  const { difference } = compare(recorded, {
    rows: upTo(again.rows),
    changes: upTo(again.changes),
    summary: nothing,
  });
  if (awaited && difference === null) return null;
  const steps = first === last ? `step ${last}` : `steps ${first} to ${last}`;
  return difference === null
    ? `${steps} came out once more as before, bit for bit`
    : `${steps} had been trained before, and the run now ${difference}. Another adapter or version gives other bits`;
}
