import { type KeyboardEvent, memo, type PointerEvent, useId, useMemo, useRef, useState } from 'react';
import { metrics } from '../../spec/metrics.ts';
import { type Lane, stepOf } from '../../store/lanes.ts';
import { setCursor, view as viewStore } from '../../store/view.ts';
import { formatValue } from '../format.ts';
import { usePacedLab, useView } from '../useStore.ts';
import type { ChartSpec, LineSpec, Zone } from './charts.ts';
import { curvesOf, stepsPerBucket, valueAxis } from './curves.ts';
import { LazyChart } from './LazyChart.tsx';
import { Legend, valueAt } from './Legend.tsx';
import { Cursor, Overlay } from './Overlay.tsx';
import { axisEnd, stepOfPixel, stepTicks } from './plot.ts';
import { useOnScreen } from './useOnScreen.ts';
import { useSize } from './useSize.ts';

const noZones: readonly Zone[] = [];

interface Props {
  readonly spec: ChartSpec;
}

/** One chart: title, choice of what to see, legend with values, curves, marks and the shared cursor. */
export const ChartCard = memo(function ChartCard({ spec }: Props) {
  const card = useRef<HTMLElement>(null);
  const { version, lanes, marks, state } = usePacedLab(useOnScreen(card));
  const [shownView, setShownView] = useState(0);
  const [logarithmic, setLogarithmic] = useState(false);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [plot, size] = useSize<HTMLDivElement>();
  const name = useId();

  const view = spec.views[shownView] ?? spec.views[0];
  const log = logarithmic && view.logarithmic === true;
  const lines = useMemo(
    () => view.lines.filter(({ id, shown }) => shown !== toggled.has(id)),
    [view, toggled],
  );
  const newest = Math.max(0, ...lanes.map(stepOf));
  const lastStep = axisEnd(newest, Math.max(0, ...lanes.map(({ settings }) => settings.steps)));
  const bucket = stepsPerBucket(lastStep);
  // While runs grow, curves are drawn anew whenever one grew by a quarter of a bucket, a pixel or so: less can't be
  // seen, and costs the training its cores.
  const stride = state === 'training' ? Math.max(1, bucket / 4) : 1;
  const grown = lanes.reduce((sum, { history }) => sum + Math.floor(history.length / stride), 0);
  const curves = useMemo(
    () =>
      curvesOf(
        lanes.map(({ history }) => history),
        lines,
        view.bands,
        log,
        bucket,
      ),
    // The histories grow in place: `grown` stands for their contents, the first one for their identity.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [grown, lanes[0]?.history, lanes.length, lines, view, log, bucket],
  );
  const fresh = useMemo(() => valueAxis(curves, view, log), [curves, view, log]);
  const ticksKey = `${log}|${fresh.domain.join()}|${fresh.ticks.join()}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- equal ticks keep their identity, so the frame can skip them
  const values = useMemo(() => fresh, [ticksKey]);
  const steps = useMemo(() => stepTicks(lastStep), [lastStep]);

  const toggle = (id: string): void => {
    const next = new Set(toggled);
    if (!next.delete(id)) next.add(id);
    setToggled(next);
  };

  return (
    <figure className="chart card" ref={card} aria-labelledby={name}>
      <figcaption>
        <h2 id={name}>{spec.title}</h2>
        {spec.views.length === 1 ? (
          <span className="unit">{view.unit}</span>
        ) : (
          <span className="segments" role="radiogroup" aria-label={`${spec.title}: what to show`}>
            {spec.views.map(({ label }, index) => (
              <label key={label}>
                <input
                  type="radio"
                  name={name}
                  checked={index === shownView}
                  onChange={() => {
                    setShownView(index);
                  }}
                />
                <span>{label}</span>
              </label>
            ))}
          </span>
        )}
        <span className="chart-tools">
          {view.logarithmic === true ? (
            <button
              type="button"
              className="quiet"
              aria-pressed={log}
              title="Logarithmic axis"
              onClick={() => {
                setLogarithmic(!logarithmic);
              }}
            >
              log
            </button>
          ) : null}
          {view.lines.length > 2 ? <SeriesMenu lines={view.lines} shown={lines} toggle={toggle} /> : null}
        </span>
      </figcaption>
      <Legend lanes={lanes} lines={lines} share={view.range === 'share'} version={version} />
      <Plot lanes={lanes} lastStep={lastStep} title={spec.title} lines={lines} width={size.width}>
        <div className="plot-area" ref={plot}>
          {size.width > 0 && size.height > 0 && lanes.length > 0 ? (
            <>
              <LazyChart
                width={size.width}
                height={size.height}
                curves={curves}
                steps={steps}
                values={values}
                zones={view.zones ?? noZones}
              />
              <Overlay
                size={size}
                lastStep={lastStep}
                values={values}
                lanes={lanes}
                marks={marks}
                view={view}
                version={version}
              />
              <Cursor size={size} lastStep={lastStep} marks={marks} />
            </>
          ) : null}
        </div>
      </Plot>
    </figure>
  );
});

interface SeriesMenuProps {
  readonly lines: readonly LineSpec[];
  readonly shown: readonly LineSpec[];
  readonly toggle: (id: string) => void;
}

function SeriesMenu({ lines, shown, toggle }: SeriesMenuProps) {
  return (
    <details className="menu">
      <summary title="Choose series">series</summary>
      <div className="menu-body">
        {lines.map((line) => (
          <label
            key={line.id}
            title={`${metrics[line.id].formula}. ↑ ${metrics[line.id].rises} ↓ ${metrics[line.id].falls}`}
          >
            <input
              type="checkbox"
              checked={shown.includes(line)}
              onChange={() => {
                toggle(line.id);
              }}
            />
            {metrics[line.id].label}
          </label>
        ))}
      </div>
    </details>
  );
}

interface PlotProps {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly lastStep: number;
  readonly lines: readonly LineSpec[];
  readonly width: number;
  readonly children: React.ReactNode;
}

/** Moves the shared cursor, by pointer or by arrow keys, and says what lies under it. */
function Plot({ title, lanes, lastStep, lines, width, children }: PlotProps) {
  const cursor = useView((state) => state.cursor);
  const newest = Math.max(0, ...lanes.map(stepOf));
  const at = cursor ?? newest;
  const readings = lanes.map(
    (lane) =>
      `${lane.name}: ${lines.map(({ id, short }) => `${short} ${formatValue(valueAt(lane, id, cursor))}`).join(', ')}`,
  );
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    const { left } = event.currentTarget.getBoundingClientRect();
    setCursor(Math.min(newest, stepOfPixel(event.clientX - left, lastStep, width)));
  };
  const key = (event: KeyboardEvent): void => {
    const stride = event.shiftKey ? Math.max(1, Math.round(lastStep / 20)) : 1;
    const from = viewStore.getState().cursor ?? newest;
    if (event.key === 'ArrowLeft') setCursor(Math.max(0, from - stride));
    else if (event.key === 'ArrowRight') setCursor(Math.min(newest, from + stride));
    else if (event.key === 'Home') setCursor(0);
    else if (event.key === 'End' || event.key === 'Escape') setCursor(null);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${title}: step under the cursor`}
      aria-valuemin={0}
      aria-valuemax={newest}
      aria-valuenow={at}
      aria-valuetext={`step ${at}. ${readings.join('. ')}`}
      onPointerMove={move}
      onPointerLeave={() => {
        setCursor(null);
      }}
      onKeyDown={key}
    >
      {children}
    </div>
  );
}
