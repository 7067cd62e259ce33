import { memo } from 'react';
import { Area, CartesianGrid, ComposedChart, Line, ReferenceArea, XAxis, YAxis } from 'recharts';
import { shortNumber } from '../../store/describe.ts';
import { type AxisTicks, plotMargin } from './plot.ts';

/** One drawn step: numbers for lines, [low, high] for bands, null where nothing was measured. */
export type ChartRow = Readonly<Record<string, number | readonly [number, number] | null>>;

export type Dash = 'solid' | 'dashed' | 'dotted' | 'dashDot';

export interface DrawnSeries {
  /** Key into the rows; no dots, which Recharts reads as paths. */
  readonly key: string;
  readonly lane: number;
  readonly kind: 'line' | 'band';
  readonly dash: Dash;
}

/** A tinted stretch of the value axis. */
export interface Zone {
  readonly from: number;
  readonly to: number;
  readonly tone: 'watch' | 'warning';
}

interface Props {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly ChartRow[];
  readonly series: readonly DrawnSeries[];
  readonly steps: AxisTicks;
  readonly values: AxisTicks;
  readonly logarithmic: boolean;
  readonly zones: readonly Zone[];
}

/** Stroke patterns, also of the legend's samples. */
export const strokes: Readonly<Record<Dash, string>> = {
  solid: '',
  dashed: '5 3',
  dotted: '1.5 2.5',
  dashDot: '6 2.5 1.5 2.5',
};
const tickStyle = { fontSize: 10, fill: 'var(--dim)' } as const;
const margin = { left: 0, right: plotMargin.right, top: plotMargin.top, bottom: 0 };

/**
 * The only place that knows Recharts. Draws what it is given: no animation, no tooltip, no pointer
 * handling and no measuring of its own (those made streaming charts leak and stutter elsewhere);
 * cursor, marks and legend lie above it in plain HTML. Rows are thinned before they come here.
 */
export const LiveChart = memo(function LiveChart(props: Props) {
  const { width, height, rows, series, steps, values, logarithmic, zones } = props;
  return (
    <ComposedChart
      width={width}
      height={height}
      data={rows}
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
        scale={logarithmic ? 'log' : 'linear'}
        domain={[...values.domain]}
        ticks={values.ticks}
        width={plotMargin.left}
        tick={tickStyle}
        tickFormatter={shortNumber}
        tickLine={false}
        tickMargin={4}
        axisLine={false}
        interval={0}
        allowDataOverflow
      />
      {series.map(({ key, lane, kind, dash }) =>
        kind === 'band' ? (
          <Area
            key={key}
            dataKey={key}
            stroke="none"
            fill={`var(--lane-${lane})`}
            fillOpacity={0.14}
            isAnimationActive={false}
            dot={false}
            activeDot={false}
            connectNulls
            type="linear"
          />
        ) : (
          <Line
            key={key}
            dataKey={key}
            stroke={`var(--lane-${lane})`}
            strokeWidth={dash === 'solid' ? 1.6 : 1.3}
            strokeDasharray={strokes[dash]}
            isAnimationActive={false}
            dot={false}
            activeDot={false}
            connectNulls
            type="linear"
          />
        ),
      )}
    </ComposedChart>
  );
});
