import { createStore } from 'zustand/vanilla';
import { freeLaneName } from '../settings/laneNames.ts';
import { mostLanes } from '../settings/url.ts';
import type { ListedLab } from '../storage/kept.ts';
import { readRuns, unreadable } from './keptFiles.ts';
import { keptList, titleOf } from './keptList.ts';
import { createLab, type Lane, seedsOf } from './lanes.ts';
import { laneOfRun } from './recorded.ts';

/** Kept runs that are looked at side by side. */
export interface Compared {
  /** What they are kept under, four at most, in the order in which they were chosen. */
  readonly chosen: readonly string[];
  readonly state: 'choosing' | 'reading' | 'shown';
}

export const compared = createStore<Compared>()(() => ({ chosen: [], state: 'choosing' }));

// What was deleted can't be looked at, and takes no place.
keptList.subscribe(({ labs }, before) => {
  if (labs === before.labs || typeof labs === 'string') return;
  const there = new Set(labs.flatMap(({ lab }) => lab.lanes.map(({ run }) => run)));
  const chosen = compared.getState().chosen.filter((run) => there.has(run));
  if (chosen.length < compared.getState().chosen.length) compared.setState({ chosen });
});

/** The runs that are compared, as lanes: they are looked at, and nothing can be changed. */
export const comparedLab = createLab({ recorded: true, state: 'finished' });

/** Takes a run among those to be compared, or out of them; a fifth finds no room. */
export function choose(run: string): void {
  compared.setState(({ chosen }) => {
    if (chosen.includes(run)) return { chosen: chosen.filter((each) => each !== run) };
    return chosen.length < mostLanes ? { chosen: [...chosen, run] } : {};
  });
}

/** Chooses nothing any more. */
export function chooseNone(): void {
  compared.setState({ chosen: [] });
}

/** Shows what is chosen. @param labs all that is listed */
export async function compareChosen(labs: readonly ListedLab[]): Promise<void> {
  const found = compared.getState().chosen.flatMap((run) =>
    labs.flatMap((listed) => {
      const lane = listed.lab.lanes.find((each) => each.run === run);
      return lane === undefined ? [] : [{ run, name: lane.name, lab: listed.lab, title: titleOf(listed) }];
    }),
  );
  const together = new Set(found.map(({ lab }) => lab)).size < 2;
  const wanted = found.map((each) => ({
    ...each,
    name: together ? each.name : `${each.name} · ${each.title}`,
  }));
  compared.setState({ state: 'reading' });
  const records = await readRuns(wanted);
  if (records === null) {
    compared.setState({ state: 'choosing' });
    keptList.setState({ said: unreadable });
    return;
  }
  const lanes: Lane[] = [];
  for (const [slot, run] of records.entries()) {
    const name = freeLaneName(
      run.name,
      lanes.map((lane) => lane.name),
    );
    const lane = await laneOfRun({ ...run, name }, slot, () => true);
    if (lane !== null) lanes.push(lane);
  }
  // What was done to them, as the page that trained them noted it.
  const marks = wanted.flatMap(({ run, lab }, at) => {
    const lane = lanes[at];
    return lane === undefined
      ? []
      : lab.marks.flatMap(({ runs, ...mark }) => (runs.includes(run) ? [{ ...mark, lanes: [lane.id] }] : []));
  });
  const origin = `Kept runs; ${seedsOf(lanes)}`;
  comparedLab.setState(({ version }) => ({ lanes, marks, origin, selected: 0, version: version + 1 }));
  compared.setState({ state: 'shown' });
}

/** Back to the list; what was chosen stays so. */
export function leaveComparison(): void {
  compared.setState({ state: 'choosing' });
  comparedLab.setState({ lanes: [], marks: [] });
}
