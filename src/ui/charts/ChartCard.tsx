import { memo, Suspense, useContext, useId, useRef, useState } from 'react';
import { failureOf } from '../../lib/failure.ts';
import { notify } from '../../store/actions.ts';
import { download } from '../../store/download.ts';
import { loadPart } from '../../store/loadPart.ts';
import { setZoom, view as viewStore } from '../../store/view.ts';
import { LabContext } from '../useStore.ts';
import { lazily } from '../lazily.ts';
import { Boundary } from '../states/Boundary.tsx';
import { Ribbon } from '../story/Ribbon.tsx';
import { ChartMenu } from './ChartMenu.tsx';
import { type ChartSpec, metricsOf, type Zone } from './charts.ts';
import { LazyTable } from './LazyTable.tsx';
import { csvOf } from './csv.ts';
import { Cursor } from './Cursor.tsx';
import { LazyChart } from './LazyChart.tsx';
import { Legend } from './Legend.tsx';
import { notesAt } from './notes.ts';
import { Overlay } from './Overlay.tsx';
import { Plot } from './Plot.tsx';
import { useChart } from './useChart.ts';
import { useSize } from './useSize.ts';

const Enlarged = lazily(() => import('./enlarged/Enlarged.tsx').then((part) => part.Enlarged));

const noZones: readonly Zone[] = [];

interface Props {
  readonly spec: ChartSpec;
  /** Has room for words: how each lane fares, and the names of what happened. */
  readonly large?: boolean;
}

/** One chart: title, choice of what to see, legend with values, curves, marks and the shared cursor. */
export const ChartCard = memo(function ChartCard({ spec, large = false }: Props) {
  const card = useRef<HTMLElement>(null);
  const lab = useContext(LabContext);
  const [shownView, setShownView] = useState(0);
  const [logarithmic, setLogarithmic] = useState(false);
  const [tabled, setTabled] = useState(false);
  const [enlarged, setEnlarged] = useState(false);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [plot, size] = useSize<HTMLDivElement>();
  const picture = useChart(spec, card, { view: shownView, logarithmic, toggled });
  const { lanes, marks, version, view, lines, truthHidden, shown, curves, steps, values } = picture;
  const name = useId();

  const toggle = (id: string): void => {
    const next = new Set(toggled);
    if (!next.delete(id)) next.add(id);
    setToggled(next);
  };

  return (
    <figure
      className={`chart card${large ? ' large' : ''}`}
      id={`chart-${spec.id}`}
      ref={card}
      aria-labelledby={name}
    >
      <figcaption>
        <h2 id={name}>{spec.title}</h2>
        <span className="unit">{large ? (spec.about ?? view.unit) : view.unit}</span>
        <span className="chart-tools">
          {spec.views.length === 1 ? null : (
            <select
              aria-label={`${spec.title}: what to show`}
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
          {picture.zoomed ? (
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
          <button
            type="button"
            className="quiet enlarge"
            aria-label={`${spec.title}: enlarge`}
            title="As large as the window, along an axis of its own"
            onClick={() => {
              setEnlarged(true);
            }}
          >
            ⤢
          </button>
          <ChartMenu
            title={spec.title}
            tabled={tabled}
            logarithmic={view.logarithmic === true ? picture.logarithmic : null}
            onLogarithmic={setLogarithmic}
            lines={view.lines}
            shown={lines}
            onToggle={toggle}
            onTable={() => {
              setTabled(!tabled);
            }}
            onCsv={() => {
              download(
                `${spec.id}.csv`,
                new Blob([csvOf(lanes, metricsOf(spec), truthHidden)], { type: 'text/csv' }),
              );
            }}
            onPicture={(format) => {
              const { smoothing } = viewStore.getState();
              const state = lab.getState();
              loadPart(() => import('./chartPicture.ts'))
                .then(({ pngOf, sheetOf, svgOf }) =>
                  (format === 'png' ? pngOf : svgOf)(sheetOf(spec, picture, state, smoothing)),
                )
                .then((file) => {
                  download(`${spec.id}.${format}`, file);
                })
                .catch((reason: unknown) => {
                  notify(`The picture can’t be made. ${failureOf(reason).sentence} Save the data as CSV.`);
                });
            }}
          />
        </span>
      </figcaption>
      {tabled ? null : (
        <Legend lanes={lanes} lines={lines} share={view.range === 'share'} version={version} />
      )}
      {large ? (
        <Ribbon lanes={lanes} shown={shown} width={size.width} truthHidden={truthHidden} version={version} />
      ) : null}
      <div className="plot-box" ref={plot}>
        {tabled ? (
          <LazyTable title={spec.title} lanes={lanes} lines={lines} span={shown} />
        ) : (
          <Plot
            lanes={lanes}
            shown={shown}
            end={picture.end}
            title={spec.title}
            lines={lines}
            notesOf={(step) => notesAt(step, lanes, marks, shown)}
            width={size.width}
          >
            {view.lines.length === 0 ? (
              <p className="empty">Only labels could tell. Truth is hidden.</p>
            ) : size.width > 0 && size.height > 0 && lanes.length > 0 ? (
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
                  named={large}
                  version={version}
                />
                <Cursor size={size} shown={shown} lanes={lanes} marks={marks} />
              </>
            ) : null}
          </Plot>
        )}
      </div>
      {enlarged ? (
        <Boundary what={`${spec.title}, enlarged,`}>
          <Suspense fallback={null}>
            <Enlarged
              spec={spec}
              first={shownView}
              onClose={() => {
                setEnlarged(false);
              }}
            />
          </Suspense>
        </Boundary>
      ) : null}
    </figure>
  );
});
