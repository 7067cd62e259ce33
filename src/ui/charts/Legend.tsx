import { rowOfStep } from '../../store/columns.ts';
import type { Lane } from '../../store/lanes.ts';
import { formatShare, formatValue } from '../format.ts';
import { useView } from '../useStore.ts';
import type { LineSpec } from './charts.ts';
import { type Dash, strokes } from './dash.ts';
import { MetricNote } from './MetricNote.tsx';

interface Props {
  readonly lanes: readonly Lane[];
  readonly lines: readonly LineSpec[];
  readonly share: boolean;
  /** The step at which each lane is read, where lanes have cursors of their own; null: the newest. */
  readonly stepIn?: (lane: Lane) => number | null;
  /** Changes whenever the histories grew; they grow in place. */
  readonly version: number;
}

/** Series with their values per lane, at the cursor or newest, in the order and colour of the lanes. */
export function Legend({ lanes, lines, share, stepIn }: Props) {
  const cursor = useView((state) => state.cursor);
  return (
    <dl className="legend">
      {lines.map(({ id, short, dash }) => (
        <div key={id}>
          <dt>
            <MetricNote id={id}>
              <DashSample dash={dash} />
              {short}
            </MetricNote>
          </dt>
          {lanes.map((lane) => (
            <dd key={lane.id} className={`lane-ink lane-${lane.slot}`}>
              {(share ? formatShare : formatValue)(
                valueAt(lane, id, stepIn === undefined ? cursor : stepIn(lane)),
              )}
            </dd>
          ))}
        </div>
      ))}
    </dl>
  );
}

/** A stroke as it is drawn, for legends. */
export function DashSample({ dash }: { readonly dash: Dash }) {
  return (
    <svg className="dash-sample" width="13" height="6" aria-hidden="true">
      <line x1="0" x2="13" y1="3" y2="3" strokeDasharray={strokes[dash]} />
    </svg>
  );
}

/** What a lane's chart shows at the cursor; what is measured now and then keeps its newest value. */
export function valueAt(lane: Lane, id: LineSpec['id'], cursor: number | null): number {
  if (cursor === null) return lane.history.latest(id);
  return lane.history.latest(id, rowOfStep(lane.history.column('step'), cursor));
}
