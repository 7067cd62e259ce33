import { memo, useMemo } from 'react';
import { CartesianGrid, ComposedChart, ReferenceArea, XAxis, YAxis } from 'recharts';
import { shortNumber } from '../../store/describe.ts';
import type { Zone } from './charts.ts';
import { type AxisTicks, plotMargin, type ValueAxis } from './plot.ts';

export interface FrameProps {
  readonly width: number;
  readonly height: number;
  readonly steps: AxisTicks;
  readonly values: ValueAxis;
  readonly zones: readonly Zone[];
}

const tickStyle = { fontSize: 10, fill: 'var(--dim)' } as const;
const margin = { left: 0, right: plotMargin.right, top: plotMargin.top, bottom: 0 };

/**
 * Axes, grid and zones, drawn anew when the axes change: the only place that knows Recharts. Curves are no part of
 * it, as a redraw of four lanes costs Recharts 13 ms with 150 points a curve and 24 ms with 600, of 8 that it may take.
 */
export const Frame = memo(function Frame({ width, height, steps, values, zones }: FrameProps) {
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
        tickFormatter={shortNumber}
        tickLine={false}
        tickMargin={4}
        axisLine={false}
        interval={0}
        allowDataOverflow
      />
    </ComposedChart>
  );
});
