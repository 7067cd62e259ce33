import type { Lane, Mark } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import { formatValue } from '../format.ts';
import { useView } from '../useStore.ts';
import type { ViewSpec } from './charts.ts';
import { pixelOfStep, plotMargin, type ValueAxis, valueScale } from './plot.ts';
import type { Size } from './useSize.ts';

interface Props {
  readonly size: Size;
  readonly shown: Span;
  readonly values: ValueAxis;
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  readonly view: ViewSpec;
  /** Changes whenever the histories grew; they grow in place. */
  readonly version: number;
}

/** What lies above the curves: live changes, the steps of collapse, best values, the caption of a band. */
export function Overlay({ size, shown, values, lanes, marks, view }: Props) {
  const { width, height } = size;
  const bottom = height - plotMargin.bottom;
  const x = (step: number): number => pixelOfStep(step, shown, width);
  const seen = (step: number): boolean => step >= shown.from && step <= shown.to;
  const y = valueScale(values, height);
  return (
    <svg className="overlay" width={width} height={height} aria-hidden="true">
      {marks
        .filter(({ step }) => seen(step))
        .map((mark) => (
          <g key={mark.text} className={`mark ${mark.kind}`}>
            <title>{mark.text}</title>
            <line x1={x(mark.step)} x2={x(mark.step)} y1={plotMargin.top} y2={bottom} />
            <path d={`M${x(mark.step) - 4} ${plotMargin.top - 5}h8l-4 6z`} />
          </g>
        ))}
      {lanes.flatMap((lane) =>
        lane.alarms
          .filter(({ step }) => seen(step))
          .map((alarm) => (
            <path
              key={`${lane.id} ${alarm.step}`}
              className={`alarm ${alarm.state} lane-${lane.slot}`}
              d={`M${x(alarm.step) - 4} ${bottom}h8l-4 -7z`}
            >
              <title>{`${lane.name}, step ${alarm.step}: ${alarm.reason}`}</title>
            </path>
          )),
      )}
      {lanes.map((lane) => {
        const at = lane.status.collapseStep;
        return at === null || !seen(at) ? null : (
          <line
            key={lane.id}
            className={`collapse lane-${lane.slot}`}
            x1={x(at)}
            x2={x(at)}
            y1={plotMargin.top}
            y2={bottom}
          />
        );
      })}
      {lanes.map((lane, index) => {
        const { best } = view;
        const { bestStep, best: value } = lane.status;
        if (best === undefined || bestStep === null || !seen(bestStep)) return null;
        const newest = lane.status.now;
        const last = lastEvaluation(lane);
        // Labels of neighbouring lanes go to either side of the point, and none leaves the chart.
        const above = index % 2 === 1 && y(value) > 30;
        const flipped = x(bestStep) > width - 70;
        return (
          <g key={lane.id} className={`best lane-${lane.slot}`}>
            {last > bestStep && seen(last) ? (
              <circle className="latest" cx={x(last)} cy={y(newest)} r="2.5" />
            ) : null}
            <circle cx={x(bestStep)} cy={y(value)} r="3.5" />
            <text
              x={x(bestStep) + (flipped ? -6 : 6)}
              y={y(value) + (above ? -7 : 14)}
              textAnchor={flipped ? 'end' : 'start'}
            >
              best {formatValue(value)}
            </text>
          </g>
        );
      })}
      {view.bands.map(({ caption, low, high }) =>
        caption === undefined ? null : (
          <Caption key={caption} text={caption} lanes={lanes} low={low} high={high} x={x} y={y} />
        ),
      )}
    </svg>
  );
}

interface CaptionProps {
  readonly text: string;
  readonly lanes: readonly Lane[];
  readonly low: ViewSpec['bands'][number]['low'];
  readonly high: ViewSpec['bands'][number]['high'];
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
}

/** Least height of a band, in units of the axis, that has room for its name. */
const roomForCaption = 0.3;

/** Names the widest band of the newest step, if it is wide enough to be read. */
function Caption({ text, lanes, low, high, x, y }: CaptionProps) {
  let widest = { lane: -1, gap: roomForCaption, step: 0, middle: 0 };
  lanes.forEach((lane) => {
    const from = lane.history.latest(low);
    const to = lane.history.latest(high);
    if (to - from > widest.gap) {
      widest = {
        lane: lane.slot,
        gap: to - from,
        step: lane.history.latest('step'),
        middle: (from + to) / 2,
      };
    }
  });
  if (widest.lane < 0 || x(widest.step) < plotMargin.left + 110) return null;
  return (
    <text
      className={`band-caption lane-${widest.lane}`}
      x={x(widest.step) - 8}
      y={y(widest.middle)}
      textAnchor="end"
    >
      {text}
    </text>
  );
}

/** The step of the newest evaluation, −1 without one. */
function lastEvaluation({ history }: Lane): number {
  const row = history.column('eval/sampled').findLastIndex((value) => !Number.isNaN(value));
  return history.column('step')[row] ?? -1;
}

/** The cursor's line in one chart, with the change made there, if any. */
export function Cursor({ size, shown, marks }: Pick<Props, 'size' | 'shown' | 'marks'>) {
  const cursor = useView((state) => state.cursor);
  if (cursor === null || cursor < shown.from || cursor > shown.to) return null;
  const left = pixelOfStep(cursor, shown, size.width);
  const near = marks.find((mark) => Math.abs(mark.step - cursor) <= (shown.to - shown.from) / 100);
  return (
    <>
      <div className="cursor" style={{ transform: `translateX(${left}px)` }}>
        <span className="cursor-step">{cursor}</span>
      </div>
      {near === undefined ? null : <p className="cursor-note">{near.text}</p>}
    </>
  );
}
