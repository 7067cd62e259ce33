import type { MetricRow } from '../spec/metrics.ts';

/** What a label-free observer can say about a run. */
export interface Warning {
  readonly state: 'healthy' | 'watch' | 'warning';
  /** One sentence, with the figure behind it. */
  readonly reason: string;
}

/** `vote/answer_overlap` below which a lane is amber, and red; also drawn in the vote chart. */
export const overlapZones = { amber: 0.85, red: 0.75 } as const;

/** The state of a lane after a step, from signals that need no solutions. */
export function earlyWarning(row: Pick<MetricRow, 'vote/answer_overlap'>): Warning {
  const overlap = row['vote/answer_overlap'];
  if (Number.isNaN(overlap)) {
    return { state: 'healthy', reason: 'Nothing to judge by yet: no anchor answers beside the policy.' };
  }
  const sentence = `Policy and anchor give the same answer to a prompt ${(100 * overlap).toFixed(0)} % as often as they agree with themselves`;
  if (overlap < overlapZones.red)
    return { state: 'warning', reason: `${sentence}: below ${String(overlapZones.red)}.` };
  if (overlap < overlapZones.amber)
    return { state: 'watch', reason: `${sentence}: below ${String(overlapZones.amber)}.` };
  return { state: 'healthy', reason: `${sentence}.` };
}
