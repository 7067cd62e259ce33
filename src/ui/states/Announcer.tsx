import type { RunState } from '../../session/protocol.ts';
import { stateInWords, withoutTruth } from '../../store/status.ts';
import { useLab, useView } from '../useStore.ts';
import { useStore } from 'zustand';
import { lab } from '../../store/lanes.ts';

const words: Readonly<Record<RunState, string>> = {
  checking: 'Checking the GPU',
  compiling: 'Compiling',
  ready: 'Ready to train',
  training: 'Training',
  paused: 'Paused',
  finished: 'Finished',
  'no-webgpu': 'No WebGPU',
  'device-lost': 'The GPU was lost',
  'non-finite': 'Stopped: a value was not finite',
  refused: 'Not started',
  gone: 'The trainer stopped',
};

/** Tells a screen reader what changed: the state of the run, and a lane that needs attention. */
export function Announcer() {
  const state = useStore(lab, (all) => all.state);
  // One string: the region speaks when the words change, not at every step.
  const truthHidden = useView((view) => view.truthHidden);
  const trouble = useLab(({ lanes }) =>
    lanes
      .map(({ name, status }) => ({ name, status: truthHidden ? withoutTruth(status) : status }))
      .filter(({ status }) => status.state !== 'healthy' && status.state !== 'waiting')
      .map(({ name, status }) =>
        status.state === 'collapsed'
          ? `${name} collapsed at step ${String(status.collapseStep)}.`
          : `${name}: ${stateInWords(status)}.`,
      )
      .join(' '),
  );
  return (
    <p className="visually-hidden" role="status" aria-live="polite">
      {`${words[state]}. ${trouble}`}
    </p>
  );
}
