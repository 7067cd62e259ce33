import type { MetricId } from '../../spec/metrics.ts';
import { metrics } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import { formatValue } from '../format.ts';
import { tableSteps } from './chartFile.ts';
import { valueAt } from './Legend.tsx';

interface Props {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly ids: readonly MetricId[];
}

/** A chart in figures: evenly spread steps, the newest among them, per metric and lane. */
export function ChartTable({ title, lanes, ids }: Props) {
  const heads = ids.flatMap((id) => lanes.map((lane) => ({ id, lane })));
  return (
    <div className="chart-table" tabIndex={0} role="group" aria-label={`${title} as a table`}>
      <table>
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
          {tableSteps(lanes).map((step) => (
            <tr key={step}>
              <th scope="row">{step}</th>
              {heads.map(({ id, lane }) => (
                <td key={`${id} ${lane.id}`}>{formatValue(valueAt(lane, id, step))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
