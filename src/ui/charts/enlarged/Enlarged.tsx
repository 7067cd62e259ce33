import { type SyntheticEvent, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { LaneId } from '../../../session/protocol.ts';
import { type Lane, stepOf } from '../../../store/lanes.ts';
import { setCursor, setZoom, type Span } from '../../../store/view.ts';
import { formatValue } from '../../format.ts';
import { useView } from '../../useStore.ts';
import type { ChartSpec, Zone } from '../charts.ts';
import { LazyChart } from '../LazyChart.tsx';
import { Legend, valueAt } from '../Legend.tsx';
import { notesAt } from '../notes.ts';
import { Overlay } from '../Overlay.tsx';
import { useChart } from '../useChart.ts';
import { useSize } from '../useSize.ts';
import { type AxisId, axes, hasAxis, placesOn } from './axes.ts';
import { Differences } from './Differences.tsx';
import { drawnAlong, withRange } from './drawn.ts';
import { repeatsOf } from './repeats.ts';
import { WidePlot } from './WidePlot.tsx';
import './enlarged.css';

interface Props {
  readonly spec: ChartSpec;
  /** The view that was shown. */
  readonly first: number;
  readonly onClose: () => void;
}

const noZones: readonly Zone[] = [];
/** Most notes shown at a place. */
const mostNotes = 3;
/** Parts of an axis that is not of steps, to which a zoom is rounded. */
const parts = 10_000;
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
  // Of an axis that is not of steps; those are shared with the charts behind.
  const [stretch, setStretch] = useState<Span | null>(null);
  const [place, setPlace] = useState<number | null>(null);
  const cursor = useView((state) => state.cursor);
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
  const bySteps = axis === 'steps';
  const along = drawnAlong(merged ? repeatsOf(lanes) : lanes.map((lane) => [lane]), axis, {
    view,
    lines,
    logarithmic: picture.logarithmic,
    span: bySteps ? picture.shown : { from: 0, to: picture.end },
    smoothing,
    stretch,
  });
  const shown = { from: along.ticks.domain[0], to: along.ticks.domain[1] };
  const end = bySteps ? picture.end : along.end;
  const values = withRange(along.values, range);
  const places = new Map(lanes.map((lane) => [lane.id, placesOn(lane.history, axis)]));
  const placeOf = (lane: Lane, step: number): number => places.get(lane.id)?.of(step) ?? NaN;
  const stepIn = (lane: Lane, at: number): number =>
    Math.min(stepOf(lane), places.get(lane.id)?.stepAt(at) ?? 0);
  const at = bySteps ? cursor : place;
  const [lead] = lanes;
  const notes = at === null ? [] : bySteps ? notesAt(at, lanes, marks, shown) : notesOfEach(at);
  function notesOfEach(here: number) {
    return lanes.flatMap((lane) =>
      notesAt(
        stepIn(lane, here),
        [lane],
        marks.filter((mark) => mark.lanes.includes(lane.id)),
        { from: 0, to: stepOf(lane) },
      ),
    );
  }
  const said = (here: number): string =>
    [
      `${bySteps ? 'step' : axes[axis].label} ${here === 0 ? '0' : formatValue(here)}`,
      ...lanes.map(
        (lane) =>
          `${lane.name}: ${lines.map(({ id, short }) => `${short} ${formatValue(valueAt(lane, id, stepIn(lane, here)))}`).join(', ')}`,
      ),
    ].join('. ');
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
  // Not within its chart: where there is room for one tab alone, that one may be hidden.
  return createPortal(
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
        <h2>
          {spec.title} <span className="unit">{view.unit}</span>
        </h2>
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
              setStretch(null);
              setPlace(null);
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
        {(bySteps ? picture.zoomed : stretch !== null) || range.from !== '' || range.to !== '' ? (
          <button
            type="button"
            onClick={() => {
              if (bySteps) setZoom(null);
              setStretch(null);
              setRange({ from: '', to: '' });
            }}
          >
            Show all
          </button>
        ) : (
          <span className="unit hint">drag to zoom along either axis</span>
        )}
        <button type="button" className="close" onClick={onClose}>
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
        <Legend
          lanes={lanes}
          lines={lines}
          share={view.range === 'share'}
          version={version}
          {...(bySteps ? {} : { stepIn: (lane: Lane) => (at === null ? null : stepIn(lane, at)) })}
        />
      </div>
      <div className="plot-box" ref={plot}>
        <WidePlot
          title={spec.title}
          unit={bySteps ? 'step' : axes[axis].label}
          size={size}
          shown={shown}
          end={end}
          newest={Math.max(0, ...lanes.map((lane) => placeOf(lane, stepOf(lane)) || 0))}
          grain={bySteps ? 1 : end / parts}
          values={values}
          at={at}
          onAt={(to) => {
            if (bySteps) setCursor(to === null ? null : Math.round(to));
            else setPlace(to);
          }}
          beside={(from, steps) => (lead === undefined ? from : placeOf(lead, stepIn(lead, from) + steps))}
          onStretch={bySteps ? setZoom : setStretch}
          onRange={(to) => {
            const [from, upTo] = to?.map((value) => String(Number(value.toPrecision(3)))) ?? ['', ''];
            setRange({ from: from ?? '', to: upTo ?? '' });
          }}
          said={said}
          notes={[...new Set(notes.map(({ text }) => text))].slice(0, mostNotes)}
        >
          {chart}
          {chart === null ? null : (
            <Overlay
              size={size}
              shown={shown}
              values={values}
              lanes={lanes}
              marks={marks}
              view={view}
              named
              version={version}
              {...(bySteps ? {} : { placeOf: (lane: Lane) => (step: number) => placeOf(lane, step) })}
            />
          )}
        </WidePlot>
      </div>
      <p className="unit axis-name">{axis === 'steps' ? 'steps' : axes[axis].label}</p>
      <Differences lanes={lanes} />
    </dialog>,
    document.body,
  );
}
