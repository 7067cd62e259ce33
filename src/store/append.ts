import type { Assessment } from '../diagnostics/earlyWarning.ts';
import { EarlyWarning } from '../diagnostics/earlyWarning.ts';
import { fromRow, metricIds } from '../spec/metrics.ts';
import type { Alarm, Lane } from './lanes.ts';
import { statusOf } from './status.ts';

/** An alarm is not repeated within so many steps: a score at the edge of a zone crosses it again and again. */
const quietSteps = 20;
const rank = { watch: 1, warning: 2 } as const;

/**
 * Appends rows to a lane's history, which grows in place, and judges them.
 * @param rows [count × metrics], row-major, in the order of `metricIds`
 * @returns the lane's alarms and status after them
 */
export function appendRows(lane: Lane, rows: Float64Array, count: number): Pick<Lane, 'alarms' | 'status'> {
  lane.history.append(rows, count);
  let { alarms } = lane;
  let { assessment } = lane.status;
  for (let row = 0; row < count; row++) {
    const record = fromRow(rows, row * metricIds.length);
    // A run's first row is an evaluation: there is nothing to judge yet.
    if (!(record.step > 0)) continue;
    assessment = lane.warning.add(record);
    alarms = withAlarm(alarms, record.step, assessment);
  }
  return { alarms, status: statusOf(lane.history, assessment) };
}

/** A lane as it was after a step: its history, judged anew. */
export function laneUntil(lane: Lane, step: number): Lane {
  const empty = { ...lane, warning: new EarlyWarning(), alarms: [], history: lane.history.empty() };
  const { rows, count } = lane.history.until(step);
  const changes = lane.changes.filter((change) => change.step <= step);
  return { ...empty, changes, ...appendRows(empty, rows, count) };
}

function withAlarm(alarms: readonly Alarm[], step: number, { state, reason }: Assessment): readonly Alarm[] {
  if (state === 'healthy') return alarms;
  const repeated = alarms.some((alarm) => alarm.step > step - quietSteps && rank[alarm.state] >= rank[state]);
  return repeated ? alarms : [...alarms, { step, state, reason }];
}
