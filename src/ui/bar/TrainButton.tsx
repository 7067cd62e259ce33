import type { RunState } from '../../session/protocol.ts';
import { furtherSteps, goOn, trainOrPause } from '../../store/actions.ts';
import { useLab } from '../useStore.ts';

/** Why nothing can be trained now; null where it can. */
export function whyNot(state: RunState): string | null {
  switch (state) {
    case 'ready':
    case 'training':
    case 'paused':
      return null;
    case 'checking':
      return 'The GPU is being checked';
    case 'compiling':
      return 'The kernels are being compiled';
    case 'finished':
      return 'All steps are made';
    case 'no-webgpu':
    case 'device-lost':
    case 'non-finite':
    case 'refused':
    case 'gone':
      return 'See the message on the page';
  }
}

/** Trains, pauses, or goes on after the last step; where it can't, it says why. */
export function TrainButton() {
  const state = useLab((lab) => lab.state);
  const further = useLab(furtherSteps);
  const training = state === 'training';
  const why = whyNot(state);
  if (further !== null) {
    return (
      <button
        type="button"
        className="go"
        title={`All steps are made. Raises Steps to ${further} and trains on`}
        onClick={goOn}
      >
        <TrainSign training={false} />
        Go on
      </button>
    );
  }
  return (
    <button
      type="button"
      className="go"
      disabled={why !== null}
      aria-keyshortcuts="Space"
      title={why ?? (training ? 'Pause (space)' : 'Train (space)')}
      onClick={trainOrPause}
    >
      <TrainSign training={training} />
      {training ? 'Pause' : 'Train'}
    </button>
  );
}

function TrainSign({ training }: { readonly training: boolean }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      <path d={training ? 'M1 0h3v10H1zM6 0h3v10H6z' : 'M1 0l9 5-9 5z'} />
    </svg>
  );
}
