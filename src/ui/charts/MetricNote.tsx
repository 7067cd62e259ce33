import { type ReactNode, useId, useState } from 'react';
import { type MetricId, metrics } from '../../spec/metrics.ts';

interface Props {
  readonly id: MetricId;
  readonly children: ReactNode;
}

/** The name of a metric as a button that says all the table knows of it: what it is, what its rise and fall mean. */
export function MetricNote({ id, children }: Props) {
  const note = useId();
  const [open, setOpen] = useState(false);
  const { label, formula, rises, falls, source, trl, verl, needsTruth, unit, rule } = metrics[id];
  const elsewhere = [
    trl === undefined ? [] : [`TRL ${trl}`],
    verl === undefined ? [] : [`verl ${verl}`],
  ].flat();
  return (
    <>
      <button type="button" className="metric-name" popoverTarget={note} title={`${label}: ${formula}`}>
        {children}
      </button>
      <div
        id={note}
        popover="auto"
        className="metric-note card"
        role="dialog"
        aria-label={label}
        onToggle={(event) => {
          setOpen(event.newState === 'open');
        }}
      >
        {open ? (
          <>
            <h2>{label}</h2>
            <p className="unit">
              <code>{id}</code> {unit} {needsTruth ? '· needs the truth: a real run has not got it' : ''}
            </p>
            <p>{formula}.</p>
            <p>↑ {rises}</p>
            <p>↓ {falls}</p>
            <p className="unit">{[`Source: ${source}`, ...elsewhere].join(' · ')}</p>
            <p className="unit">
              Computed in <code>{rule.replace('#', ', ')}</code>
            </p>
          </>
        ) : null}
      </div>
    </>
  );
}
