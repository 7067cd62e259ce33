import { watchRollouts } from './actions.ts';
import { lab } from './lanes.ts';
import { recordedLab } from './recorded.ts';
import { showAllSteps, view } from './view.ts';

/** Least time between two looks at another step's rollouts. */
const lookMs = 120;

/** The rollouts follow the cursor of the charts; a lab opened anew has no step to be pinned or zoomed to. */
export function followCursor(): void {
  let looking: ReturnType<typeof setTimeout> | undefined;
  view.subscribe(({ cursor }, before) => {
    if (cursor === before.cursor) return;
    looking ??= setTimeout(() => {
      looking = undefined;
      const { cursor: step } = view.getState();
      for (const each of [lab, recordedLab]) {
        if (each.getState().watched.step !== step) watchRollouts({ step }, each);
      }
    }, lookMs);
  });
  lab.subscribe(({ lanes }, before) => {
    const kept = lanes.some(({ id }) => before.lanes.some((lane) => lane.id === id));
    if (kept || before.lanes.length === 0) return;
    showAllSteps();
  });
}
