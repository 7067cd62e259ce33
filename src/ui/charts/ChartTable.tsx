import { type MetricId, metrics } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import { formatColumn } from '../format.ts';
import { LaneName } from '../LaneName.tsx';
import { measuredAt, rowSteps } from './rows.ts';
import './table.css';

interface Props {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly lines: readonly { readonly id: MetricId }[];
  readonly span: Span;
}

/**
 * A chart in figures: evenly spread steps of those it shows, the newest among them, per metric and lane. Heads and steps
 * stay in sight while it is scrolled.
 */
export function ChartTable({ title, lanes, lines, span }: Props) {
  const ids = lines.map(({ id }) => id);
  const steps = rowSteps(lanes, ids, span);
  const columns = ids.flatMap((id) =>
    lanes.map((lane, at) => {
      const cells = formatColumn(steps.map((step) => measuredAt(lane, id, step)));
      return { key: `${id} ${lane.id}`, lane, cells, first: at === 0 };
    }),
  );
  return (
    <div className="chart-table" tabIndex={0} role="group" aria-label={`${title} as a table`}>
      <table>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col" rowSpan={2} className="of-step">
              step
            </th>
            {ids.map((id) => (
              <th key={id} scope="colgroup" colSpan={lanes.length} className="first">
                <span>
                  {metrics[id].label}
                  {metrics[id].unit === '' ? null : <span className="unit"> {metrics[id].unit}</span>}
                </span>
              </th>
            ))}
          </tr>
          <tr>
            {columns.map(({ key, lane, first }) => (
              <th key={key} scope="col" className={`lane-${lane.slot}${first ? ' first' : ''}`}>
                <span className="lane-head">
                  <span className="swatch" />
                  <LaneName name={lane.name} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.map((step, row) => (
            <tr key={step}>
              <th scope="row" className="of-step">
                {step}
              </th>
              {columns.map(({ key, cells, first }) => (
                <td key={key} className={first ? 'first' : undefined}>
                  {cells[row]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
