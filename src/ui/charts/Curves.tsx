import { type Curve, pathOf, type Place } from './curves.ts';
import { strokes } from './dash.ts';
import { plotMargin } from './plot.ts';

interface Props extends Place {
  readonly curves: readonly Curve[];
}

/** Half the widest stroke: a value at the end of the axis is drawn whole. */
const slack = 1;

/** The curves, clipped to the plot area: one path each, and nothing else that changes while they grow. */
export function Curves({ curves, ...place }: Props) {
  const { width, height } = place;
  const box = {
    x: plotMargin.left,
    y: plotMargin.top - slack,
    width: width - plotMargin.left - plotMargin.right,
    height: height - plotMargin.top - plotMargin.bottom + 2 * slack,
  };
  return (
    <svg className="curves" width={width} height={height} aria-hidden="true">
      <svg {...box} viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}>
        {curves.map((curve, index) => {
          const d = pathOf(curve, place);
          const colour = `var(--lane-${curve.lane})`;
          return curve.kind === 'band' ? (
            <path key={index} d={d} fill={colour} fillOpacity={0.14} />
          ) : (
            <path
              key={index}
              d={d}
              fill="none"
              stroke={colour}
              strokeWidth={curve.dash === 'solid' ? 1.6 : 1.3}
              strokeDasharray={strokes[curve.dash]}
            />
          );
        })}
      </svg>
    </svg>
  );
}
