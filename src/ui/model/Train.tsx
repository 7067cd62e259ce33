import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { asked } from '../../store/asked.ts';
import {
  askBeforeLosing,
  beginTraining,
  endTraining,
  forkTraining,
  goOnTraining,
  pauseTraining,
  planned,
  underWay,
} from '../../store/training.ts';
import type { AdapterPrice, TrainedRun } from '../../asking/protocol.ts';
import { counted, formatBytes, formatCount, formatDuration } from '../format.ts';
import { useOwnSteps } from '../useStore.ts';
import { AdapterFields } from './AdapterFields.tsx';
import { TrainKnobs } from './TrainKnobs.tsx';
import { TrainedRunView } from './TrainedRunView.tsx';
import './train.css';

/** Trains an adapter of the model that is open, on the prompts above: what, how, what it takes; and what came of it. */
export function Train() {
  const { given, doing } = useStore(asked);
  const { price, refused, failed, run } = useStore(asked, (state) => state.train);
  const { notice } = useStore(planned);
  useOwnSteps();
  useEffect(askBeforeLosing, []);
  const open = (given.model?.told ?? null) !== null;
  const held = underWay(run);
  return (
    <div className="train-body">
      <p className="note">
        A LoRA adapter of the model, by any algorithm of the lab, on the prompts above; a tenth of them is
        held out. The knobs are the lab’s: <em>live</em> ones act at the next step, the others belong to the
        next run. An adapter given beside the model is where a run begins.
      </p>
      <AdapterFields fixed={held} />
      <TrainKnobs fixed={held} />
      <div className="go-line">
        {held ? (
          <>
            {run?.doing === 'paused' ? (
              <button key="go" type="button" className="go" onClick={goOnTraining}>
                Go on
              </button>
            ) : (
              <button key="go" type="button" onClick={pauseTraining}>
                Pause
              </button>
            )}
            <button key="stop" type="button" onClick={endTraining}>
              Stop
            </button>
          </>
        ) : (
          <>
            {run !== null && run.based && run.step < run.steps && run.kept !== null ? (
              <button key="on" type="button" onClick={goOnTraining} disabled={doing !== null}>
                Go on from step {run.kept}
              </button>
            ) : null}
            {run !== null && run.based && run.forkable.length > 0 ? (
              <Fork key={run.forkable.join()} steps={run.forkable} disabled={doing !== null} />
            ) : null}
            <button
              // A second press of the key that began a run rests it, and ends nothing.
              key={run === null ? 'go' : 'anew'}
              type="button"
              className="go"
              disabled={!open || price === null || refused !== null || doing !== null}
              onClick={beginTraining}
            >
              {run === null ? 'Train' : 'Train anew'}
            </button>
          </>
        )}
        {held && run !== null ? (
          <Progress run={run} />
        ) : (
          <p role="status">{price === null ? '' : priceWords(price)}</p>
        )}
      </div>
      {[refused, failed, run?.failed ?? null, run?.refused ?? null].map((failure, place) =>
        failure === null ? null : (
          <p key={place} role="alert" className="refusal">
            {failure.sentence} {failure.remedy}
          </p>
        ),
      )}
      {notice === null ? null : (
        <p role="alert" className="refusal">
          {notice}
        </p>
      )}
      {run === null ? null : <TrainedRunView run={run} />}
    </div>
  );
}

/** Goes on from one of the steps whose checkpoints are kept, as another run. */
function Fork({ steps, disabled }: { readonly steps: readonly number[]; readonly disabled: boolean }) {
  const [step, setStep] = useState(steps.at(-1) ?? 0);
  return (
    <span className="fork-at">
      <button
        type="button"
        disabled={disabled}
        title="Another run, from that checkpoint and with the knobs as they are now; this one stays in the charts"
        onClick={() => {
          forkTraining(step);
        }}
      >
        Fork
      </button>
      <label className="check">
        at step{' '}
        <select
          value={step}
          onChange={({ target: { value } }) => {
            setStep(Number(value));
          }}
        >
          {steps.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
    </span>
  );
}

function priceWords(price: AdapterPrice): string {
  const { training, heldOut, known, size, rank, totalBytes, stepSeconds } = price;
  const { weightsBytes, cacheBytes, adapterBytes, updateBytes } = price;
  const all = training + heldOut;
  const answers =
    known === 0
      ? 'none with an answer'
      : known === all
        ? 'all with an answer'
        : `${formatCount(known)} with an answer`;
  const time = stepSeconds === null ? '' : ` ${stepSeconds} a step, with completions as long as they may be.`;
  return `${counted(training, 'prompt')} to train on, ${formatCount(heldOut)} held out, ${answers}. ${formatCount(size)} numbers, rank ${String(rank)}. GPU memory: ${formatBytes(totalBytes)} (${formatCount(totalBytes)} bytes): weights ${formatBytes(weightsBytes)}, keys and values ${formatBytes(cacheBytes)}, adapters ${formatBytes(adapterBytes)}, the update ${formatBytes(updateBytes)}.${time}`;
}

function Progress({ run }: { readonly run: TrainedRun }) {
  const { doing, done, all, step, steps } = run;
  const loading = doing === 'loading' || doing === 'compiling';
  const words = progressWords(run);
  return (
    <p className="doing">
      <progress value={loading ? done : step} max={Math.max(1, loading ? all : steps)} aria-label={words} />
      <span role="status">{words}</span>
    </p>
  );
}

function progressWords({ doing, done, all, step, steps, stepSeconds, heldBytes }: TrainedRun): string {
  if (doing === 'loading') return `Loading: ${formatBytes(done)} of ${formatBytes(all)}`;
  if (doing === 'compiling') return `Compiling: ${formatCount(done)} of ${counted(all, 'kernel')}`;
  const at = `${doing === 'paused' ? 'Paused at step' : 'Step'} ${formatCount(step)} of ${formatCount(steps)}`;
  const pace =
    stepSeconds === null
      ? ''
      : `, ${stepSeconds.toPrecision(2)} s a step, ${formatDuration(stepSeconds * (steps - step))} left`;
  return `${at}${pace}; ${formatBytes(heldBytes)} of the GPU`;
}
