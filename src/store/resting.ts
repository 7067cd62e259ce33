import { send } from './connection.ts';
import { lab, type LabState } from './lanes.ts';

/** Until no step is under way: a run that is left is kept with a checkpoint of its last step. */
export function resting(): Promise<void> {
  if (lab.getState().state !== 'training') return Promise.resolve();
  send({ type: 'pause' });
  return labIs(({ state }) => state !== 'training');
}

/** Until the page's lanes are in a state. */
export function labIs(so: (state: LabState) => boolean): Promise<void> {
  if (so(lab.getState())) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = lab.subscribe((state) => {
      if (!so(state)) return;
      stop();
      resolve();
    });
  });
}
