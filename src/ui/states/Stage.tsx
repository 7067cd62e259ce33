import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { dismissNotice, retry } from '../../store/actions.ts';
import { downloadMetrics } from '../../store/exportMetrics.ts';
import { kept } from '../../store/keptState.ts';
import { resumeGentler } from '../../store/laneActions.ts';
import { trainAnew } from '../../store/trainerWorker.ts';
import type { Failure } from '../../session/protocol.ts';
import { useLab } from '../useStore.ts';

/**
 * What the state of the run asks to be said over the page; nothing while all is well.
 * @param meanwhile whether a recorded run is shown until this one can begin
 */
export function Stage({ meanwhile }: { readonly meanwhile: boolean }) {
  const state = useLab((lab) => lab.state);
  const failure = useLab((lab) => lab.failure);
  const known = useLab((lab) => lab.adapter !== null);
  const goesOn = useStore(kept, ({ state: keeps, restored }) => keeps === 'kept' || restored !== null);
  const whose = useLab(({ lanes, failed }) =>
    lanes.length > 1 ? lanes.find(({ id }) => id === failed)?.name : null,
  );
  const anew = goesOn ? 'Go on from the newest checkpoint' : 'Start again';
  switch (state) {
    case 'checking':
      return (
        <Panel title={known ? 'Loading the base model' : 'Checking the GPU'} meanwhile={meanwhile}>
          <p>
            {known
              ? 'Fetching its weights, and trying which kernels are the fastest here.'
              : 'Asking the browser for a device, and for what it can do.'}
          </p>
          <progress aria-label={known ? 'Loading' : 'Checking the GPU'} />
        </Panel>
      );
    case 'compiling':
      return <Compiling meanwhile={meanwhile} />;
    case 'device-lost':
      return (
        <Failed title="The GPU was lost" failure={failure} otherwise="The browser took the device away.">
          <button type="button" className="go" onClick={() => void trainAnew()}>
            {anew}
          </button>
          <ExportButton />
        </Failed>
      );
    case 'non-finite':
      return (
        <Failed
          title={whose ? `${whose} stopped: a value was not finite` : 'Stopped: a value was not finite'}
          failure={failure}
          otherwise="A step gave NaN or infinity."
        >
          <button type="button" className="go" onClick={resumeGentler}>
            Go on from the last checkpoint at a third of the learning rate
          </button>
          <ExportButton />
        </Failed>
      );
    case 'refused':
      return (
        <Failed title="Not started" failure={failure} otherwise="These settings can’t be run here.">
          <button type="button" className="go" onClick={retry}>
            Try again
          </button>
        </Failed>
      );
    case 'gone':
      return (
        <Failed title="The trainer stopped" failure={failure} otherwise="It is gone.">
          <button type="button" className="go" onClick={() => void trainAnew()}>
            {anew}
          </button>
          <ExportButton />
        </Failed>
      );
    case 'no-webgpu':
    case 'ready':
    case 'training':
    case 'paused':
    case 'finished':
      return null;
  }
}

/** Notices that leave the page in use. */
export function Notices() {
  const notice = useLab((lab) => lab.notice);
  return (
    <div className="notices">
      {notice === null ? null : (
        <div className="notice card" role="alert">
          <p>{notice}</p>
          <span className="buttons">
            <button type="button" onClick={dismissNotice}>
              Dismiss
            </button>
          </span>
        </div>
      )}
    </div>
  );
}

function Compiling({ meanwhile }: { readonly meanwhile: boolean }) {
  const { done, total } = useLab((lab) => lab.compiling);
  return (
    <Panel title="Compiling the kernels" meanwhile={meanwhile}>
      <p>
        {total === 0
          ? 'Handing them to the GPU’s compiler.'
          : done < total
            ? `${done} of ${total} pipelines.`
            : 'Comparing what they compute with stored answers, once per adapter and browser.'}
      </p>
      {total === 0 ? (
        <progress aria-label="Pipelines compiled" />
      ) : (
        <progress max={total} value={done} aria-label="Pipelines compiled" />
      )}
    </Panel>
  );
}

interface FailedProps {
  readonly title: string;
  readonly failure: Failure | null;
  readonly otherwise: string;
  readonly children: ReactNode;
}

function Failed({ title, failure, otherwise, children }: FailedProps) {
  return (
    <section className="state-panel card" role="alert">
      <h2>{title}</h2>
      <p>{failure?.sentence ?? otherwise}</p>
      {failure === null ? null : <p>{failure.remedy}</p>}
      <p className="buttons">{children}</p>
    </section>
  );
}

interface PanelProps {
  readonly title: string;
  readonly meanwhile: boolean;
  readonly children: ReactNode;
}

/** What is waited for; over a recorded run at its edge, where it hides little. */
function Panel({ title, meanwhile, children }: PanelProps) {
  return (
    <section className={`state-panel card${meanwhile ? ' meanwhile' : ''}`}>
      <h2>{title}</h2>
      {children}
      {meanwhile ? (
        <p>
          <b className="badge">recorded</b> Until then: an earlier run of this preset, not yours.
        </p>
      ) : null}
    </section>
  );
}

function ExportButton() {
  return (
    <button type="button" onClick={downloadMetrics}>
      Export its metrics
    </button>
  );
}
