import { type RefObject, useMemo } from 'react';
import { type MetricId, metrics } from '../../spec/metrics.ts';
import { type Lane, type Mark, stepOf } from '../../store/lanes.ts';
import { withoutTruth } from '../../store/status.ts';
import type { Span } from '../../store/view.ts';
import { usePacedLab, useView } from '../useStore.ts';
import type { ChartSpec, LineSpec, ViewSpec } from './charts.ts';
import { type Curve, curvesOf, stepsPerBucket, valueAxis } from './curves.ts';
import { axisEnd, type AxisTicks, stepTicks, type ValueAxis } from './plot.ts';
import { useOnScreen } from './useOnScreen.ts';
import { shownSpan } from './zoom.ts';

/** What a reader chose to see of a chart. */
export interface ChartChoice {
  /** Index of the view. */
  readonly view: number;
  readonly logarithmic: boolean;
  /** Lines shown that are not at first, and the other way round. */
  readonly toggled: ReadonlySet<string>;
}

/** A chart ready to be drawn. */
export interface Picture {
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  /** Changes whenever the histories grew; they grow in place. */
  readonly version: number;
  readonly view: ViewSpec;
  /** The lines that are shown. */
  readonly lines: readonly LineSpec[];
  readonly logarithmic: boolean;
  readonly truthHidden: boolean;
  /** The steps shown, and where they end without zoom. */
  readonly shown: Span;
  readonly end: number;
  readonly zoomed: boolean;
  readonly curves: readonly Curve[];
  readonly steps: AxisTicks;
  readonly values: ValueAxis;
}

/** The curves and axes of a chart, computed anew when they would look different. */
export function useChart(spec: ChartSpec, card: RefObject<Element | null>, choice: ChartChoice): Picture {
  const { version, lanes: allLanes, marks, state } = usePacedLab(useOnScreen(card));
  const truthHidden = useView((each) => each.truthHidden);
  const lanes = useMemo(
    () => (truthHidden ? allLanes.map((lane) => ({ ...lane, status: withoutTruth(lane.status) })) : allLanes),
    [allLanes, truthHidden],
  );
  const whole = spec.views[choice.view] ?? spec.views[0];
  const view = useMemo(() => (truthHidden ? labelFree(whole) : whole), [whole, truthHidden]);
  const logarithmic = choice.logarithmic && view.logarithmic === true;
  const { toggled } = choice;
  const lines = useMemo(
    () => view.lines.filter(({ id, shown }) => shown !== toggled.has(id)),
    [view, toggled],
  );
  const zoom = useView((each) => each.zoom);
  const smoothing = useView((each) => each.smoothing);
  const newest = Math.max(0, ...lanes.map(stepOf));
  const end = axisEnd(newest, Math.max(0, ...lanes.map(({ settings }) => settings.steps)));
  const shown = useMemo(() => shownSpan(zoom, end), [zoom, end]);
  const bucket = stepsPerBucket(shown);
  // While runs grow, curves are drawn anew whenever one grew by a quarter of a bucket, a pixel or so: less can't be
  // seen, and costs the training its cores.
  const stride = state === 'training' ? Math.max(1, bucket / 4) : 1;
  const grown = lanes.reduce((sum, { history }) => sum + Math.floor(history.length / stride), 0);
  const drawnLanes = lanes.map(({ history, slot }) => `${history.serial} ${slot}`).join();
  const drawing = useMemo(
    () => ({ lines, bands: view.bands, logarithmic, span: shown, bucket, smoothing }),
    [lines, view, logarithmic, shown, bucket, smoothing],
  );
  const curves = useMemo(
    () => curvesOf(lanes, drawing),
    // The histories grow in place: `grown` stands for their contents, their serial numbers for their identity.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [grown, drawnLanes, drawing],
  );
  const zoomed = shown.to - shown.from < end;
  const fresh = useMemo(() => valueAxis(curves, view, drawing, zoomed), [curves, view, drawing, zoomed]);
  const ticksKey = `${logarithmic}|${fresh.domain.join()}|${fresh.ticks.join()}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps -- equal ticks keep their identity, so the frame can skip them
  const values = useMemo(() => fresh, [ticksKey]);
  const steps = useMemo(() => stepTicks(shown), [shown]);
  return {
    ...{ lanes, marks, version, view, lines, logarithmic, truthHidden },
    ...{ shown, end, zoomed, curves, steps, values },
  };
}

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
