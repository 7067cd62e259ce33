import { createContext, memo, useContext, useMemo } from 'react';
import {
  CartesianGrid,
  ComposedChart,
  DefaultZIndexes,
  ReferenceArea,
  usePlotArea,
  useXAxisScale,
  useYAxisScale,
  XAxis,
  YAxis,
  ZIndexLayer,
} from 'recharts';
import { formatTick } from '../format.ts';
import type { Zone } from './charts.ts';
import { type Curve, pathOf } from './curves.ts';
import { strokes } from './dash.ts';
import { type AxisTicks, plotMargin, type ValueAxis } from './plot.ts';

interface FrameProps {
  readonly width: number;
  readonly height: number;
  readonly steps: AxisTicks;
  readonly values: ValueAxis;
  readonly zones: readonly Zone[];
}

export interface LiveChartProps extends FrameProps {
  readonly curves: readonly Curve[];
}

const tickStyle = { fontSize: 10, fill: 'var(--dim)' } as const;
const margin = { left: 0, right: plotMargin.right, top: plotMargin.top, bottom: 0 };

/** Reaches the curves without a redraw of the chart around them. */
const CurvesContext = createContext<readonly Curve[]>([]);

/**
 * The only place that knows Recharts. Draws what it is given: no animation, no tooltip, no pointer handling and no
 * measuring of its own (those made streaming charts leak and stutter elsewhere); cursor, marks and legend lie above
 * it in plain HTML. Curves are thinned before they come here.
 */
export const LiveChart = memo(function LiveChart({ curves, ...frame }: LiveChartProps) {
  return (
    <CurvesContext value={curves}>
      <Frame {...frame} />
    </CurvesContext>
  );
});

/** Axes, grid and zones: drawn anew only when the axes change. */
const Frame = memo(function Frame({ width, height, steps, values, zones }: FrameProps) {
  // Recharts draws no axis without data.
  const data = useMemo(() => steps.domain.map((step) => ({ step })), [steps]);
  return (
    <ComposedChart
      width={width}
      height={height}
      data={data}
      margin={margin}
      accessibilityLayer={false}
      className="live-chart"
    >
      {zones.map((zone) => (
        <ReferenceArea
          key={zone.tone}
          y1={zone.from}
          y2={zone.to}
          fill={`var(--${zone.tone})`}
          fillOpacity={zone.tone === 'watch' ? 0.1 : 0.06}
          stroke="none"
        />
      ))}
      <CartesianGrid vertical={false} stroke="var(--hair)" />
      <XAxis
        dataKey="step"
        type="number"
        domain={[...steps.domain]}
        ticks={steps.ticks}
        tickFormatter={formatTick}
        height={plotMargin.bottom}
        tick={tickStyle}
        tickLine={false}
        tickMargin={3}
        axisLine={{ stroke: 'var(--line)' }}
        interval="preserveStart"
        allowDataOverflow
      />
      <YAxis
        type="number"
        scale={values.logarithmic ? 'log' : 'linear'}
        domain={[...values.domain]}
        ticks={values.ticks}
        width={plotMargin.left}
        tick={tickStyle}
        tickFormatter={formatTick}
        tickLine={false}
        tickMargin={3}
        axisLine={false}
        interval={0}
        allowDataOverflow
      />
      <ZIndexLayer zIndex={DefaultZIndexes.line}>
        <Curves />
      </ZIndexLayer>
    </ComposedChart>
  );
});

/** Half the widest stroke: a value at the end of the axis is drawn whole. */
const slack = 1;

/**
 * The curves, one path each, on the scales of the axes and clipped to them. For a redraw of four lanes, which may take
 * 8 ms, Recharts' own Line and Area computed 15 to 20 ms with 600 points a curve and 7 to 11 ms with 150; this, 2 to 3.
 */
function Curves() {
  const curves = useContext(CurvesContext);
  const x = useXAxisScale();
  const y = useYAxisScale();
  const area = usePlotArea();
  if (x === undefined || y === undefined || area === undefined) return null;
  const box = { x: area.x, y: area.y - slack, width: area.width, height: area.height + 2 * slack };
  return (
    <svg className="curves" {...box} viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}>
      {curves.map((curve, index) => {
        const d = pathOf(curve, x, y);
        const colour = `var(--lane-${curve.slot})`;
        return curve.kind === 'band' ? (
          <path key={index} d={d} fill={colour} fillOpacity={0.14} />
        ) : (
          <path
            key={index}
            d={d}
            fill="none"
            stroke={colour}
            strokeWidth={curve.dash === 'solid' && !curve.faint ? 1.6 : 1.3}
            strokeOpacity={curve.faint ? 0.25 : 1}
            strokeDasharray={curve.faint ? '' : strokes[curve.dash]}
          />
        );
      })}
    </svg>
  );
}
