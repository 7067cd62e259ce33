import { type SyntheticEvent, useLayoutEffect, useRef, useState } from 'react';
import type { LaneId } from '../../../session/protocol.ts';
import { useView } from '../../useStore.ts';
import type { ChartSpec, Zone } from '../charts.ts';
import { Cursor } from '../Cursor.tsx';
import { LazyChart } from '../LazyChart.tsx';
import { Legend } from '../Legend.tsx';
import { notesAt } from '../notes.ts';
import { Overlay } from '../Overlay.tsx';
import { Plot } from '../Plot.tsx';
import { useChart } from '../useChart.ts';
import { useSize } from '../useSize.ts';
import { type AxisId, axes, hasAxis } from './axes.ts';
import { Differences } from './Differences.tsx';
import { drawnAlong, withRange } from './drawn.ts';
import { repeatsOf } from './repeats.ts';

interface Props {
  readonly spec: ChartSpec;
  /** The view that was shown. */
  readonly first: number;
  readonly onClose: () => void;
}

const noZones: readonly Zone[] = [];
const axisIds = ['steps', ...(Object.keys(axes) as (keyof typeof axes)[])] as const;

/** Keys here are none of the page's behind it. */
function keep(event: SyntheticEvent): void {
  event.stopPropagation();
}

/** One chart as large as the window, along an axis and within values of its own, with what its lanes differ in. */
export function Enlarged({ spec, first, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [shownView, setShownView] = useState(first);
  const [logarithmic, setLogarithmic] = useState(false);
  const [axis, setAxis] = useState<AxisId>('steps');
  const [range, setRange] = useState({ from: '', to: '' });
  const [hidden, setHidden] = useState<ReadonlySet<LaneId>>(new Set());
  const [merged, setMerged] = useState(false);
  const [toggled] = useState<ReadonlySet<string>>(new Set());
  const [plot, size] = useSize<HTMLDivElement>();
  const smoothing = useView((state) => state.smoothing);
  const picture = useChart(spec, dialog, { view: shownView, logarithmic, toggled });
  useLayoutEffect(() => {
    const opened = dialog.current;
    if (opened?.open === false) opened.showModal();
    return () => {
      opened?.close();
    };
  }, []);

  const { view, lines, marks, version } = picture;
  const lanes = picture.lanes.filter(({ id }) => !hidden.has(id));
  const groups = repeatsOf(picture.lanes);
  const repeated = groups.some((group) => group.length > 1);
  const shown = axis === 'steps' ? picture.shown : { from: 0, to: picture.end };
  const along = drawnAlong(merged ? repeatsOf(lanes) : lanes.map((lane) => [lane]), axis, {
    view,
    lines,
    logarithmic: picture.logarithmic,
    span: shown,
    smoothing,
  });
  const values = withRange(along.values, range);
  const chart =
    size.width > 0 && size.height > 0 && lanes.length > 0 ? (
      <LazyChart
        width={size.width}
        height={size.height}
        curves={along.curves}
        steps={along.ticks}
        values={values}
        zones={view.zones ?? noZones}
      />
    ) : null;
  return (
    <dialog
      ref={dialog}
      className="enlarged card"
      aria-label={`${spec.title}, enlarged`}
      onKeyDown={keep}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2>{spec.title}</h2>
        {spec.views.length === 1 ? null : (
          <select
            aria-label="What to show"
            value={shownView}
            onChange={(event) => {
              setShownView(Number(event.target.value));
            }}
          >
            {spec.views.map(({ label }, index) => (
              <option key={label} value={index}>
                {label}
              </option>
            ))}
          </select>
        )}
        <label className="check">
          along
          <select
            value={axis}
            onChange={(event) => {
              setAxis(axisIds.find((id) => id === event.target.value) ?? 'steps');
            }}
          >
            {axisIds.map((id) => (
              <option key={id} value={id} disabled={!lanes.every(({ history }) => hasAxis(history, id))}>
                {id === 'steps' ? 'steps' : axes[id].label}
              </option>
            ))}
          </select>
        </label>
        <fieldset className="check">
          <legend className="visually-hidden">Values shown; empty: as far as the curves go</legend>
          {(['from', 'to'] as const).map((end) => (
            <label key={end} className="check">
              {end}
              <input
                type="text"
                inputMode="decimal"
                placeholder="auto"
                value={range[end]}
                aria-invalid={range[end] !== '' && !Number.isFinite(Number(range[end]))}
                onChange={(event) => {
                  setRange({ ...range, [end]: event.target.value });
                }}
              />
            </label>
          ))}
        </fieldset>
        {view.logarithmic === true ? (
          <label className="check">
            <input
              type="checkbox"
              checked={picture.logarithmic}
              onChange={() => {
                setLogarithmic(!logarithmic);
              }}
            />
            logarithmic
          </label>
        ) : null}
        <label
          className="check"
          title="Lanes that differ in their seed alone: their mean, and the range from lowest to highest"
        >
          <input
            type="checkbox"
            checked={merged}
            disabled={!repeated}
            onChange={() => {
              setMerged(!merged);
            }}
          />
          seeds as one
        </label>
        {merged ? <span className="unit">mean, and as a band the lowest to the highest</span> : null}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      <div className="enlarged-lanes">
        {picture.lanes.map(({ id, name, slot }) => (
          <label key={id} className={`check lane-${String(slot)}`}>
            <input
              type="checkbox"
              checked={!hidden.has(id)}
              onChange={() => {
                const next = new Set(hidden);
                if (!next.delete(id)) next.add(id);
                setHidden(next);
              }}
            />
            <span className="swatch" aria-hidden="true" />
            {name}
          </label>
        ))}
        <Legend lanes={lanes} lines={lines} share={view.range === 'share'} version={version} />
      </div>
      <div className="plot-box" ref={plot}>
        {axis === 'steps' ? (
          <Plot
            lanes={lanes}
            shown={shown}
            end={picture.end}
            title={spec.title}
            lines={lines}
            notesOf={(step) => notesAt(step, lanes, marks, shown)}
            width={size.width}
          >
            {chart}
            {chart === null ? null : (
              <>
                <Overlay
                  size={size}
                  shown={shown}
                  values={values}
                  lanes={lanes}
                  marks={marks}
                  view={view}
                  named
                  version={version}
                />
                <Cursor size={size} shown={shown} lanes={lanes} marks={marks} />
              </>
            )}
          </Plot>
        ) : (
          <div className="plot">{chart}</div>
        )}
      </div>
      <p className="unit axis-name">{axis === 'steps' ? 'steps' : axes[axis].label}</p>
      <Differences lanes={lanes} />
    </dialog>
  );
}
