import { collapseInWords, lastingCollapse } from '../../diagnostics/collapse.ts';
import { type Assessment, EarlyWarning } from '../../diagnostics/earlyWarning.ts';
import { unjudged, type Verdict } from '../../diagnostics/judge.ts';
import type { MetricRow } from '../../spec/metrics.ts';

/** A verdict, and since which step it holds. */
export interface Lasting {
  readonly verdict: Verdict;
  /** Null where nothing alarms. */
  readonly since: number | null;
}

/**
 * What the lab's own rules say of the rows of a run of this lab: a collapse in the held-out accuracy outranks what the
 * early warning says.
 * @param rows steps ascending; the first one an evaluation of the base model
 */
export function verdictOfLab(rows: readonly Partial<MetricRow>[]): Lasting {
  const warning = new EarlyWarning();
  let last: Assessment | null = null;
  let since: number | null = null;
  for (const row of rows) {
    if (!((row.step ?? 0) > 0)) continue;
    const before = last?.state;
    last = warning.add(row);
    if (last.state === 'healthy') since = null;
    else if (last.state !== before) since = row.step ?? null;
  }
  const evaluations = rows.flatMap(({ step = NaN, 'eval/sampled': sampled = NaN }) =>
    Number.isNaN(sampled) ? [] : [{ step, sampled }],
  );
  const score = last?.score ?? 0;
  const collapse = lastingCollapse(evaluations);
  if (collapse !== null) {
    const reward = rows.findLast((row) => !Number.isNaN(row['reward/mean'] ?? NaN));
    const final = evaluations.at(-1)?.sampled ?? NaN;
    const reason = collapseInWords(collapse, final, reward?.['reward/mean'] ?? NaN);
    return {
      verdict: { state: 'collapsed', score, reason, findings: [] },
      since: collapse.step,
    };
  }
  if (last === null || last.signal === null)
    return { verdict: { ...unjudged, reason: last?.reason ?? unjudged.reason }, since: null };
  return { verdict: { state: last.state, score, reason: last.reason, findings: [] }, since };
}

/** Since when the strongest of what a verdict rests on is so. */
export function sinceOf({ findings: [worst] }: Verdict): number | null {
  return worst?.from ?? null;
}
