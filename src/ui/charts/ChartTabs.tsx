import { type ReactNode, useState } from 'react';
import { Boundary } from '../states/Boundary.tsx';
import { stops } from '../tour/stops.ts';
import { useView } from '../useStore.ts';
import type { ChartId } from './charts.ts';

interface Props {
  readonly children: readonly {
    readonly id: ChartId | 'speed';
    readonly title: string;
    readonly chart: ReactNode;
  }[];
}

/** Charts side by side; on a phone one at a time, chosen by its title. */
export function ChartTabs({ children }: Props) {
  const [chosen, setChosen] = useState(children[0]?.id);
  const stop = useView(({ tour }) => (typeof tour === 'number' ? stops[tour]?.at : undefined));
  // What the tour points at must be there.
  const shown = children.find(({ id }) => stop === `#chart-${id}`)?.id ?? chosen;
  return (
    <div className="charts">
      <fieldset className="chart-tabs segments">
        <legend className="visually-hidden">Chart shown</legend>
        {children.map(({ id, title }) => (
          <label key={id}>
            <input
              type="radio"
              name="chart-tab"
              checked={id === shown}
              onChange={() => {
                setChosen(id);
              }}
            />
            <span>{title}</span>
          </label>
        ))}
      </fieldset>
      {children.map(({ id, title, chart }) => (
        <div key={id} className="tabbed" data-shown={id === shown}>
          <Boundary what={title}>{chart}</Boundary>
        </div>
      ))}
    </div>
  );
}
