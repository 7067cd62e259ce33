import type { Assessment } from '../diagnostics/earlyWarning.ts';
import type { Judged, PackedRows } from '../records/import/pack.ts';
import type { LaneId } from '../session/protocol.ts';
import { metricIds, metrics } from '../spec/metrics.ts';
import { type Lane, type Mark, stepOf } from './lanes.ts';
import { statusOf as historyStatus } from './status.ts';

/** What is known of a run's rows beside the rows. */
export type Drawn = Pick<PackedRows, 'stepless' | 'twice' | 'countedOn' | 'notFinite' | 'judged'> & {
  /** Steps that a resumed run left behind: first, last and how many; null where there are none. */
  readonly abandoned: { readonly from: number; readonly to: number } | null;
};

/** Most stretches of a run that are marked in its charts. */
const mostMarks = 20;

/** Where a run was not finite. */
export function marksOf(name: string, lane: LaneId, { notFinite }: Drawn): readonly Mark[] {
  return notFinite.slice(0, mostMarks).map(({ from, to, metrics: ids }) => {
    const steps = from === to ? `at step ${from}` : `from step ${from} to ${to}`;
    const labels = ids.map((id) => metrics[id].label).join(', ');
    return { step: from, lanes: [lane], kind: 'gap', text: `${name}, not finite ${steps}: ${labels}` };
  });
}

const width = metricIds.length;

/** The first and the last step of packed rows. */
export function stepsIn(rows: Float64Array): { from: number; to: number } | null {
  const at = metricIds.indexOf('step');
  const [from, to] = [rows[at], rows[rows.length - width + at]];
  return from === undefined || to === undefined ? null : { from, to };
}

/** What an imported run's card says. */
export function statusOfRun(lane: Lane, judged: PackedRows['judged']): Lane['status'] {
  const { status } = lane;
  if (lane.history.length === 0)
    return { ...status, reason: 'No column says which step a row belongs to: choose it below.' };
  if (judged !== null) return judgedStatus(lane, judged);
  if (status.state === 'collapsed' || (status.assessment !== null && status.assessment.signal !== null))
    return status;
  const reason =
    stepOf(lane) === 0
      ? 'Only step 0 is in the log.'
      : 'None of the mapped columns is a sign that the early warning knows, or the log is too short to tell.';
  return { ...status, state: 'waiting', reason };
}

/** The status of a run of another trainer: figures from its history, the rest from its verdict. */
function judgedStatus({ history }: Lane, { verdict, labelFree }: Judged): Lane['status'] {
  const { state, reason, findings } = verdict;
  const assessment: Assessment = {
    score: labelFree.score,
    state: labelFree.state === 'watch' || labelFree.state === 'warning' ? labelFree.state : 'healthy',
    reason: labelFree.reason,
    // Null says that there was nothing to judge by.
    signal: labelFree.state === 'unjudged' ? null : (labelFree.findings[0]?.metrics[0] ?? 'warning/score'),
  };
  return {
    ...historyStatus(history, assessment),
    state: state === 'unjudged' ? 'waiting' : state,
    reason,
    collapseStep: state === 'collapsed' ? (findings[0]?.from ?? null) : null,
  };
}
