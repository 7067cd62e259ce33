import type { Assessment } from '../diagnostics/earlyWarning.ts';
import { EarlyWarning } from '../diagnostics/earlyWarning.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { diffSettings } from '../settings/settings.ts';
import { fromRow, metricIds } from '../spec/metrics.ts';
import { type Alarm, type Lane, settingsAt } from './lanes.ts';
import { statusOf, waiting } from './status.ts';

/** An alarm goes on over so many quiet steps: a score at the edge of a zone crosses it again and again. */
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

/** A lane that goes on from the checkpoint of a step: its history until then, judged anew, and how it came there. */
export function laneFrom(lane: Lane, step: number, settings: Settings): Lane {
  const empty = {
    ...{ ...lane, settings, warning: new EarlyWarning(), alarms: [], status: waiting },
    history: lane.history.empty(),
  };
  // There is no checkpoint of step 0: its base model is evaluated once more, and that row comes again.
  if (step === 0) return { ...empty, start: settings, changes: [] };
  const { rows, count } = lane.history.until(step);
  const appended = appendRows(empty, rows, count);
  const past = lane.changes.filter((change) => change.step <= step);
  const changes = diffSettings(settingsAt(lane, step), settings);
  const wentOn = Object.keys(changes).length === 0 ? [] : [{ step, changes, by: 'checkpoint' as const }];
  return { ...empty, ...appended, changes: [...past, ...wentOn] };
}

function withAlarm(alarms: readonly Alarm[], step: number, { state, reason }: Assessment): readonly Alarm[] {
  if (state === 'healthy') return alarms;
  const goesOn = alarms.findLastIndex(
    (alarm) => alarm.until > step - quietSteps && rank[alarm.state] >= rank[state],
  );
  const same = alarms[goesOn];
  if (same === undefined) return [...alarms, { step, until: step, state, reason }];
  return alarms.with(goesOn, { ...same, until: step });
}
