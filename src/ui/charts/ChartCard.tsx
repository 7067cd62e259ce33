import { memo, useId, useMemo, useRef, useState } from 'react';
import { type MetricId, metrics } from '../../spec/metrics.ts';
import { stepOf } from '../../store/lanes.ts';
import { notify } from '../../store/actions.ts';
import { download } from '../../store/download.ts';
import { withoutTruth } from '../../store/status.ts';
import { setZoom } from '../../store/view.ts';
import { formatValue } from '../format.ts';
import { usePacedLab, useView } from '../useStore.ts';
import { type ChartSpec, type LineSpec, metricsOf, type ViewSpec, type Zone } from './charts.ts';
import { curvesOf, stepsPerBucket, valueAxis } from './curves.ts';
import { pngOf } from './chartFile.ts';
import { csvOf } from './csv.ts';
import { ChartMenu } from './ChartMenu.tsx';
import { ChartTable } from './ChartTable.tsx';
import { LazyChart } from './LazyChart.tsx';
import { Legend, valueAt } from './Legend.tsx';
import { Cursor } from './Cursor.tsx';
import { notesAt } from './notes.ts';
import { Overlay } from './Overlay.tsx';
import { Plot } from './Plot.tsx';
import { axisEnd, stepTicks } from './plot.ts';
import { shownSpan } from './zoom.ts';
import { useOnScreen } from './useOnScreen.ts';
import { useSize } from './useSize.ts';
import { Menu } from '../Menu.tsx';

const noZones: readonly Zone[] = [];

interface Props {
  readonly spec: ChartSpec;
}

/** One chart: title, choice of what to see, legend with values, curves, marks and the shared cursor. */
export const ChartCard = memo(function ChartCard({ spec }: Props) {
  const card = useRef<HTMLElement>(null);
  const { version, lanes: allLanes, marks, state } = usePacedLab(useOnScreen(card));
  const truthHidden = useView((each) => each.truthHidden);
  const lanes = useMemo(
    () => (truthHidden ? allLanes.map((lane) => ({ ...lane, status: withoutTruth(lane.status) })) : allLanes),
    [allLanes, truthHidden],
  );
  const [shownView, setShownView] = useState(0);
  const [logarithmic, setLogarithmic] = useState(false);
  const [tabled, setTabled] = useState(false);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [plot, size] = useSize<HTMLDivElement>();
  const name = useId();

  const whole = spec.views[shownView] ?? spec.views[0];
  const view = useMemo(() => (truthHidden ? labelFree(whole) : whole), [whole, truthHidden]);
  const log = logarithmic && view.logarithmic === true;
  const lines = useMemo(
    () => view.lines.filter(({ id, shown }) => shown !== toggled.has(id)),
    [view, toggled],
  );
  const zoom = useView((each) => each.zoom);
  const smoothing = useView((each) => each.smoothing);
  const newest = Math.max(0, ...lanes.map(stepOf));
  const lastStep = axisEnd(newest, Math.max(0, ...lanes.map(({ settings }) => settings.steps)));
  const shown = useMemo(() => shownSpan(zoom, lastStep), [zoom, lastStep]);
  const bucket = stepsPerBucket(shown);
  // While runs grow, curves are drawn anew whenever one grew by a quarter of a bucket, a pixel or so: less can't be
  // seen, and costs the training its cores.
  const stride = state === 'training' ? Math.max(1, bucket / 4) : 1;
  const grown = lanes.reduce((sum, { history }) => sum + Math.floor(history.length / stride), 0);
  const drawnLanes = lanes.map(({ history, slot }) => `${history.serial} ${slot}`).join();
  const drawing = useMemo(
    () => ({ lines, bands: view.bands, logarithmic: log, span: shown, bucket, smoothing }),
    [lines, view, log, shown, bucket, smoothing],
  );
  const curves = useMemo(
    () => curvesOf(lanes, drawing),
    // The histories grow in place: `grown` stands for their contents, their serial numbers for their identity.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [grown, drawnLanes, drawing],
  );
  const zoomed = shown.to - shown.from < lastStep;
  const fresh = useMemo(() => valueAxis(curves, view, drawing, zoomed), [curves, view, drawing, zoomed]);
  const ticksKey = `${log}|${fresh.domain.join()}|${fresh.ticks.join()}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- equal ticks keep their identity, so the frame can skip them
  const values = useMemo(() => fresh, [ticksKey]);
  const steps = useMemo(() => stepTicks(shown), [shown]);

  const toggle = (id: string): void => {
    const next = new Set(toggled);
    if (!next.delete(id)) next.add(id);
    setToggled(next);
  };

  return (
    <figure className="chart card" id={`chart-${spec.id}`} ref={card} aria-labelledby={name}>
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
          {zoomed ? (
            <button
              type="button"
              className="quiet"
              onClick={() => {
                setZoom(null);
              }}
            >
              all steps
            </button>
          ) : null}
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
          <ChartMenu
            title={spec.title}
            tabled={tabled}
            onTable={() => {
              setTabled(!tabled);
            }}
            onCsv={() => {
              download(`${spec.id}.csv`, new Blob([csvOf(lanes, metricsOf(spec))], { type: 'text/csv' }));
            }}
            onPng={() => {
              const legend = lines.map(
                ({ id, short }) =>
                  `${short} ${lanes.map((lane) => formatValue(valueAt(lane, id, null))).join(' ')}`,
              );
              pngOf({ title: `${spec.title}, ${view.unit}`, legend, lanes, curves, steps, values }).then(
                (picture) => {
                  download(`${spec.id}.png`, picture);
                },
                (reason: unknown) => {
                  notify(`The picture can’t be made: ${String(reason)}. Save the data as CSV.`);
                },
              );
            }}
          />
        </span>
      </figcaption>
      <Legend lanes={lanes} lines={lines} share={view.range === 'share'} version={version} />
      <div className="plot-box" ref={plot}>
        {tabled ? (
          <ChartTable title={spec.title} lanes={lanes} lines={lines} span={shown} />
        ) : (
          <Plot
            lanes={lanes}
            shown={shown}
            end={lastStep}
            title={spec.title}
            lines={lines}
            notesOf={(step) => notesAt(step, lanes, marks, shown)}
            width={size.width}
          >
            {view.lines.length === 0 ? (
              <p className="empty">Only labels could tell. Truth is hidden.</p>
            ) : null}
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
                  shown={shown}
                  values={values}
                  lanes={lanes}
                  marks={marks}
                  view={view}
                  version={version}
                />
                <Cursor size={size} shown={shown} lanes={lanes} marks={marks} />
              </>
            ) : null}
          </Plot>
        )}
      </div>
    </figure>
  );
});

/** What is left of a picture for who has no labels. */
function labelFree({ best, ...view }: ViewSpec): ViewSpec {
  const seen = (id: MetricId): boolean => !metrics[id].needsTruth;
  return {
    ...view,
    lines: view.lines.filter(({ id }) => seen(id)),
    bands: view.bands.filter(({ low, high }) => seen(low) && seen(high)),
    ...(best !== undefined && seen(best) ? { best } : {}),
  };
}

interface SeriesMenuProps {
  readonly lines: readonly LineSpec[];
  readonly shown: readonly LineSpec[];
  readonly toggle: (id: string) => void;
}

function SeriesMenu({ lines, shown, toggle }: SeriesMenuProps) {
  return (
    <Menu title="Choose series" summary="series">
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
    </Menu>
  );
}
