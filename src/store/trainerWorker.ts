import type { PulseRequest } from '../lib/pulse.ts';
import { notify, retry } from './actions.ts';
import { connect, send, trainerGone, type TrainerPort } from './connection.ts';
import type { KeeperPort } from './keeperPort.ts';
import { askForLab, keeperGone } from './keeping.ts';
import { labName } from './labName.ts';
import { lab } from './lanes.ts';
import { showRestored } from './showRestored.ts';
import { labIs } from './resting.ts';
import { silentWords, vanishedWords, watchPulse } from './watchPulse.ts';

/** A worker as the page makes it. */
interface Made {
  postMessage(message: PulseRequest, transfer: Transferable[]): void;
  terminate(): void;
}

let make: (() => TrainerPort & Made) | null = null;
let end = (): void => undefined;
/** The lab before its trainer was found gone. */
let before = lab.getState();

/** Has a worker train the page's lanes, and says so where it is gone without a word, or hangs. */
export function trainIn(given: () => TrainerPort & Made): void {
  make = given;
  begin(given);
  lab.subscribe((now, was) => {
    if (now.state === 'gone' && was.state !== 'gone') before = was;
  });
}

function begin(given: () => TrainerPort & Made): void {
  const worker = given();
  connect(worker);
  const stop = watchPulse(worker, {
    vanished: () => {
      trainerGone(`The trainer is gone: ${vanishedWords}.`);
    },
    silent: (silent) => {
      if (silent)
        trainerGone(`The trainer hangs: ${silentWords}. Where it still comes back, this goes away.`);
      else if (lab.getState().state === 'gone') {
        const { state, failure, failed } = before;
        lab.setState({ state, failure, failed });
      }
    },
  });
  end = () => {
    stop();
    worker.terminate();
  };
}

/**
 * Another trainer in the place of one that is gone: lanes go on from the newest checkpoint that is kept, trained if they
 * were, or begin once more where nothing is.
 */
export async function trainAnew(): Promise<void> {
  if (make === null) return;
  const { state } = before;
  end();
  begin(make);
  const found = await askForLab(labName());
  if (found === null || 'busy' in found || !(await showRestored(found, notify))) {
    retry();
    return;
  }
  if (state !== 'training') return;
  await labIs((now) => !['checking', 'compiling', 'gone'].includes(now.state));
  if (lab.getState().state === 'paused') send({ type: 'train' });
}

/** A keeper that is replaced where it is gone without a word, or hangs. */
export function watchedKeeper<Keeper extends KeeperPort & Made>(keeper: Keeper): Keeper {
  const stop = watchPulse(keeper, {
    vanished: () => {
      keeperGone(vanishedWords);
    },
    silent: (silent) => {
      if (!silent) return;
      stop();
      keeperGone(silentWords);
    },
  });
  return keeper;
}
