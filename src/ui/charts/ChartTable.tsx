import { type MetricId, metrics } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import { formatValue } from '../format.ts';
import { measuredAt, rowSteps } from './rows.ts';

interface Props {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly lines: readonly { readonly id: MetricId }[];
  readonly span: Span;
}

/** A chart in figures: evenly spread steps of those it shows, the newest among them, per metric and lane. */
export function ChartTable({ title, lanes, lines, span }: Props) {
  const ids = lines.map(({ id }) => id);
  const heads = ids.flatMap((id) => lanes.map((lane) => ({ id, lane })));
  return (
    <div className="chart-table" tabIndex={0} role="group" aria-label={`${title} as a table`}>
      <table>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">step</th>
            {heads.map(({ id, lane }) => (
              <th key={`${id} ${lane.id}`} scope="col" className={`lane-${lane.slot}`}>
                {metrics[id].label} <span className="lane-ink">{lane.name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowSteps(lanes, ids, span).map((step) => (
            <tr key={step}>
              <th scope="row">{step}</th>
              {heads.map(({ id, lane }) => (
                <td key={`${id} ${lane.id}`}>{formatValue(measuredAt(lane, id, step))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
