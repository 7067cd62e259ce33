import { useState } from 'react';
import type { ColumnOutline } from '../../records/import/log.ts';
import { type Reading, readingOf } from '../../records/import/mapping.ts';
import { namedElsewhere } from '../../records/import/names.ts';
import { type MetricId, metrics } from '../../spec/metrics.ts';
import { mapColumn, type WatchedRun } from '../../store/watch.ts';
import { counted, formatCount, formatValue } from '../format.ts';
import { useView } from '../useStore.ts';
import { isJudged, mappable } from './watchCharts.ts';

/** Which column is which metric: every choice can be changed, and charts and verdict follow. */
export function MappingTable({ run }: { readonly run: WatchedRun }) {
  // Metrics the reader asked for, whose column is still to be chosen.
  const [added, setAdded] = useState<readonly MetricId[]>([]);
  const { mapping, log } = run;
  const truthHidden = useView((view) => view.truthHidden);
  const offered = mappable.filter((id) => !(truthHidden && metrics[id].needsTruth));
  const rows = offered.filter((id) => id === 'step' || mapping[id] !== undefined || added.includes(id));
  const taken = new Set(mappable.map((id) => mapping[id]?.column));
  const free = log.columns.filter(({ name }) => !taken.has(name));
  return (
    <>
      <div className="table-frame">
        <table className="mapping">
          <caption className="visually-hidden">Columns of {run.name}</caption>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Column in the log</th>
              <th scope="col" className="number">
                Values
              </th>
              <th scope="col" className="number">
                From
              </th>
              <th scope="col" className="number">
                To
              </th>
              <th scope="col">Remarks</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((id) => (
              <MetricRow key={id} run={run} id={id} />
            ))}
          </tbody>
        </table>
      </div>
      <label className="add-metric">
        <span>Further metric </span>
        <select
          value=""
          onChange={({ target }) => {
            const id = mappable.find((each) => each === target.value);
            if (id !== undefined) setAdded([...added, id]);
          }}
        >
          <option value="">choose …</option>
          {offered
            .filter((id) => !rows.includes(id))
            .map((id) => (
              <option key={id} value={id}>
                {namedElsewhere(id).label} ({id})
              </option>
            ))}
        </select>
      </label>
      {free.length === 0 ? null : (
        <details className="free-columns">
          <summary>
            {free.length} {free.length === 1 ? 'column is' : 'columns are'} not used
          </summary>
          <ul>
            {free.map((column) => (
              <li key={column.name}>
                <code>{column.name}</code> <span className="unit">{spanOf(column)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {log.notes.map((note) => (
        <p key={note} className="unit">
          {note}
        </p>
      ))}
      {log.leftOut.length === 0 ? null : (
        <p className="unit">Left out, as not all of their values are numbers: {log.leftOut.join(', ')}.</p>
      )}
    </>
  );
}

function MetricRow({ run, id }: { readonly run: WatchedRun; readonly id: MetricId }) {
  const { formula } = metrics[id];
  const { label, unit } = namedElsewhere(id);
  const source = run.mapping[id];
  const column = run.log.columns.find(({ name }) => name === source?.column);
  const reading = column === undefined ? null : readingOf(id, column, source?.percent === true);
  return (
    <tr>
      <th scope="row" title={formula}>
        {label} <span className="unit">{unit}</span>
      </th>
      <td>
        <select
          aria-label={`Column for ${label}`}
          value={source?.column ?? ''}
          onChange={({ target }) => {
            void mapColumn(run.id, id, target.value === '' ? null : { column: target.value, percent: false });
          }}
        >
          <option value="">none</option>
          {run.log.columns.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </td>
      <td className="number">{reading === null ? '' : formatCount(reading.count)}</td>
      <td className="number">{reading === null ? '' : figure(reading.least)}</td>
      <td className="number">{reading === null ? '' : figure(reading.greatest)}</td>
      <td>
        <Remarks run={run} id={id} reading={reading} />
      </td>
    </tr>
  );
}

interface RemarksProps {
  readonly run: WatchedRun;
  readonly id: MetricId;
  readonly reading: Reading | null;
}

function Remarks({ run, id, reading }: RemarksProps) {
  const source = run.mapping[id];
  if (id === 'step') {
    if (source === undefined) return <span className="remark">Choose the column that counts the steps.</span>;
    const stepless = run.drawn?.stepless ?? 0;
    if (stepless === 0) return null;
    return (
      <span className="remark">
        {counted(stepless, 'row')} {stepless === 1 ? 'names' : 'name'} no whole step and{' '}
        {stepless === 1 ? 'is' : 'are'} left out.
      </span>
    );
  }
  if (source === undefined || reading === null) return null;
  const { range } = metrics[id];
  const { label } = namedElsewhere(id);
  return (
    <>
      {reading.count === 0 ? <span className="remark">Never a finite number. </span> : null}
      {range !== undefined && reading.outside ? (
        <span className="remark">{`Values lie outside ${range[0]} to ${range[1]}. `}</span>
      ) : null}
      {reading.looksPercent || source.percent ? (
        <label className="percent">
          <input
            type="checkbox"
            aria-label={`${label} is in percent`}
            checked={source.percent}
            onChange={({ target }) => {
              void mapColumn(run.id, id, { ...source, percent: target.checked });
            }}
          />
          in percent
        </label>
      ) : null}
      {isJudged(id) ? <span className="unit">read by the early warning</span> : null}
    </>
  );
}

function spanOf({ count, least, greatest }: ColumnOutline): string {
  return count === 0
    ? 'never a finite number'
    : `${counted(count, 'value')}, ${figure(least)} to ${figure(greatest)}`;
}

/** A value as found: counts whole, all else in two or three digits. */
function figure(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? formatCount(value) : formatValue(value);
}
