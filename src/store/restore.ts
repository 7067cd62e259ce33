import { thisLab } from '../records/thisLab.ts';
import type { KeptCourse, LaneId } from '../session/protocol.ts';
import { presetNames } from '../settings/presets.ts';
import { validateSettings } from '../settings/settings.ts';
import { metricIds } from '../spec/metrics.ts';
import type { KeptCourseState, KeptLane, RestoredLab } from '../storage/kept.ts';
import { appendRows } from './append.ts';
import { openLanes } from './connection.ts';
import { adopt } from './keeping.ts';
import { kept } from './keptState.ts';
import { nameLab } from './labName.ts';
import { freshLane, type Lane, lab, settingsAt, stepOf } from './lanes.ts';

/** Rows judged in one task: some 15 ms. */
const batch = 100;

/**
 * Shows lanes as they were kept, paused where they go on.
 * @returns false where this version can't, or where none of them had begun: then the address says it all
 * @throws LabError for settings that this version lacks
 */
export async function restore({ lab: was, courses }: RestoredLab): Promise<boolean> {
  const preset = presetNames.find((each) => each === was.preset);
  if (preset === undefined || courses.size === 0) return false;
  const lanes: Lane[] = [];
  for (const each of was.lanes) lanes.push(await laneOf(each, courses.get(each.run)));
  nameLab(was.id);
  const goingOn = new Map<LaneId, KeptCourse>();
  const marked = new Map<string, LaneId>();
  for (const [index, { id, plan }] of lanes.entries()) {
    const run = was.lanes[index]?.run ?? '';
    const { checkpoint = null, forkable = [], rollouts = [] } = courses.get(run) ?? {};
    marked.set(run, id);
    if (checkpoint !== null) goingOn.set(id, { plan, checkpoint, forkable, rollouts });
  }
  lanes.forEach((lane, index) => {
    adopt(lane, was.lanes[index]?.run ?? '', goingOn.has(lane.id));
  });
  const marks = was.marks.map(({ runs, ...mark }) => ({
    ...mark,
    lanes: runs.flatMap((run) => marked.get(run) ?? []),
  }));
  openLanes(preset, lanes, goingOn, marks);
  lab.setState({ selected: Math.min(was.selected, lanes.length - 1) });
  const heads = [...courses.values()].map(({ head }) => head);
  kept.setState({
    restored: {
      lab: was.id,
      updated: was.updated,
      otherVersion: heads.some((head) => head.lab.commit !== thisLab.commit),
      from: Math.min(...lanes.map(stepOf)),
      damaged: lanes.flatMap(({ id }, index) => {
        const { length: checkpoints } = courses.get(was.lanes[index]?.run ?? '')?.notes ?? [];
        return checkpoints === 0 ? [] : [{ lane: id, checkpoints }];
      }),
      to: Math.max(0, ...lanes.map(({ abandoned }) => abandoned?.latest('step') ?? 0)),
      compared: [],
    },
  });
  return true;
}

/** @throws LabError for settings that this version lacks */
async function laneOf(
  { slot, name, settings, origin }: KeptLane,
  course: KeptCourseState | undefined,
): Promise<Lane> {
  const fresh = freshLane({ name, settings: validateSettings(settings) }, slot);
  if (course === undefined) return fresh;
  const { head, changes, rows, again, checkpoint } = course;
  const history = fresh.history.empty();
  history.append(again, again.length / metricIds.length);
  let lane: Lane = again.length === 0 ? fresh : { ...fresh, abandoned: history };
  // Nothing of it can go on: it begins once more, with the settings that it had at last.
  if (checkpoint === null) return lane;
  lane = { ...lane, origin, start: head.settings, plan: head.plan, changes };
  lane = { ...lane, settings: settingsAt(lane, Infinity) };
  for (let at = 0; at < rows.length; at += batch * metricIds.length) {
    await new Promise((resolve) => setTimeout(resolve));
    const some = rows.subarray(at, at + batch * metricIds.length);
    lane = { ...lane, ...appendRows(lane, some, some.length / metricIds.length) };
  }
  return lane;
}
