import { memo } from 'react';
import { formatNames } from '../../records/import/log.ts';
import { metricIds } from '../../spec/metrics.ts';
import type { Alarm, Lane } from '../../store/lanes.ts';
import { stateInWords, withoutTruth } from '../../store/status.ts';
import { pin } from '../../store/view.ts';
import { forget, rename, show, type WatchedRun } from '../../store/watch.ts';
import { counted, formatPercent, formatShare } from '../format.ts';
import { useView } from '../useStore.ts';
import { Evidence, Remarks, ToTry } from './VerdictDetails.tsx';

/** A run in the charts: how it fares and why, what was noticed when, and what its file held. */
export const RunCard = memo(function RunCard({
  run,
  lane,
}: {
  readonly run: WatchedRun;
  readonly lane: Lane;
}) {
  const truthHidden = useView((state) => state.truthHidden);
  const status = truthHidden ? withoutTruth(lane.status) : lane.status;
  const judged = run.drawn?.judged ?? null;
  const findings = (truthHidden ? judged?.labelFree : judged?.verdict)?.findings ?? [];
  // Where the truth is known, alarms rest on it as well.
  const alarms = truthHidden && run.mapping['truth/accuracy'] !== undefined ? [] : lane.alarms;
  const word = status.state === 'waiting' ? 'not judged' : stateInWords(status);
  return (
    <article className={`watched card lane-${lane.slot}`} data-state={status.state} aria-label={run.name}>
      <div className="lane-head">
        <Name run={run} />
        <RemoveButton run={run} />
      </div>
      <span className="lane-state">{word}</span>
      <p className="watched-reason">{status.reason}</p>
      <Evidence run={run} findings={findings} />
      {Number.isNaN(status.now) ? null : (
        <p className="lane-figures">
          <Figure label="best" value={formatShare(status.best)} />
          <Figure label="now" value={formatShare(status.now)} />
          <Figure label="retention" value={formatPercent(status.retention)} />
        </p>
      )}
      <ToTry findings={findings} />
      <Alarms alarms={alarms} said={status.reason} />
      <Remarks run={run} truthHidden={truthHidden} />
      <p className="unit">{summaryOf(run, lane)}</p>
    </article>
  );
});

/** A run that has no place in the charts yet. */
export function WaitingRun({ run, room }: { readonly run: WatchedRun; readonly room: boolean }) {
  return (
    <li>
      <span title={run.name}>{run.name}</span>
      <button
        type="button"
        className="quiet"
        disabled={!room}
        aria-label={`Show ${run.name}`}
        title={room ? undefined : 'Remove a run from the charts first'}
        onClick={() => {
          void show(run.id);
        }}
      >
        Show
      </button>
      <RemoveButton run={run} />
    </li>
  );
}

function Name({ run }: { readonly run: WatchedRun }) {
  return (
    <input
      // A name refused, or given by the file, shows again.
      key={run.name}
      className="watched-name"
      aria-label="Name of the run"
      title={run.name}
      defaultValue={run.name}
      onBlur={({ target }) => {
        rename(run.id, target.value);
        if (target.value.trim() === '') target.value = run.name;
      }}
      onKeyDown={({ key, currentTarget }) => {
        // Escape leaves it as it was.
        if (key === 'Escape') currentTarget.value = run.name;
        if (key === 'Enter' || key === 'Escape') currentTarget.blur();
      }}
    />
  );
}

function RemoveButton({ run }: { readonly run: WatchedRun }) {
  return (
    <button
      type="button"
      className="quiet"
      aria-label={`Remove ${run.name}`}
      title="Remove"
      onClick={() => {
        forget(run.id);
      }}
    >
      ×
    </button>
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <span>
      <span className="figure-label">{label} </span>
      <b>{value}</b>
    </span>
  );
}

/** Alarms of one kind in a row as one: from where the first begins to where the last ends. */
function episodesOf(alarms: readonly Alarm[]): readonly Alarm[] {
  const episodes: Alarm[] = [];
  for (const alarm of alarms) {
    const last = episodes.at(-1);
    if (last?.state === alarm.state) episodes[episodes.length - 1] = { ...last, until: alarm.until };
    else episodes.push(alarm);
  }
  return episodes;
}

/** @param said what the card says already: none of it is said again */
export function Alarms({ alarms, said }: { readonly alarms: readonly Alarm[]; readonly said: string }) {
  const episodes = episodesOf(alarms);
  if (episodes.length === 0) return null;
  return (
    <ol className="alarms" aria-label="Alarms">
      {episodes.map(({ step, until, state, reason }) => (
        <li key={step} data-state={state}>
          <button
            type="button"
            title="Show this step in the charts"
            onClick={() => {
              pin(step);
            }}
          >
            <span className="lane-state">{state}</span>
            {until === step ? ` at step ${step}` : ` from step ${step} to ${until}`}
          </button>
          {said.startsWith(reason) ? null : (
            <span>{until === step ? reason : `At step ${step}: ${reason}`}</span>
          )}
        </li>
      ))}
    </ol>
  );
}

function summaryOf({ log, mapping }: WatchedRun, { history }: Lane): string {
  const steps = history.column('step');
  const [first = 0] = steps;
  const last = steps.at(-1) ?? first;
  const span = steps.length === 0 ? '' : first === last ? `, step ${first}` : `, steps ${first} to ${last}`;
  const mapped = metricIds.filter((id) => mapping[id] !== undefined).length;
  return `${formatNames[log.format]}: ${counted(log.rows, 'row')}${span}; ${mapped} of ${counted(log.columns.length, 'column')} known.`;
}
