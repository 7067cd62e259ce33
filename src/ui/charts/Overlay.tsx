import type { Lane, Mark } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import type { ViewSpec } from './charts.ts';
import { alarmsApart, alarmText, collapseText, marksApart } from './notes.ts';
import { Points } from './Points.tsx';
import { pixelOfStep, plotMargin, type ValueAxis, valueScale } from './plot.ts';
import type { Size } from './useSize.ts';

/** Pixels between two alarms of a lane that are both drawn. */
const alarmGap = 10;
/** Pixels of a zone that has room for its name. */
const zoneNameHeight = 15;
/** Pixels between the same thing of two lanes. */
const laneShift = 2.5;

interface Props {
  readonly size: Size;
  readonly shown: Span;
  readonly values: ValueAxis;
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  readonly view: ViewSpec;
  /** Whether there is room to name a collapse beside its line. */
  readonly named: boolean;
  /** Where the steps of a lane lie, where the axis is not of steps. */
  readonly placeOf?: (lane: Lane) => (step: number) => number;
  /** Changes whenever the histories grew; they grow in place. */
  readonly version: number;
}

/** What lies above the curves: live changes, the steps of collapse, best values, the caption of a band. */
export function Overlay({ size, shown, values, lanes, marks, view, named, placeOf }: Props) {
  const { width, height } = size;
  const bottom = height - plotMargin.bottom;
  const x = (place: number): number => pixelOfStep(place, shown, width);
  const seen = (place: number): boolean => place >= shown.from && place <= shown.to;
  const places = lanes.map((lane) => placeOf?.(lane) ?? ((step: number): number => step));
  // Where lanes have places of their own, so has each of them what happened to several.
  const placed =
    placeOf === undefined
      ? marks
      : lanes.flatMap((lane, row) =>
          marks
            .filter((mark) => mark.lanes.includes(lane.id))
            .map((mark) => ({ ...mark, step: places[row]?.(mark.step) ?? NaN })),
        );
  const y = valueScale(values, height);
  // What lanes have at one step lies side by side, or one would hide the other.
  const beside = (lane: number): number => (lane - (lanes.length - 1) / 2) * laneShift;
  const markX = marksApart(placed, x);
  return (
    <svg
      className="overlay"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      {placed
        .filter(({ step }) => seen(step))
        .map((mark) => (
          <g key={`${mark.text} ${String(mark.step)}`} className={`mark ${mark.kind}`}>
            <title>{mark.text}</title>
            <line x1={markX(mark)} x2={markX(mark)} y1={plotMargin.top} y2={bottom} />
            <path d={`M${markX(mark) - 4} ${plotMargin.top - 5}h8l-4 6z`} />
          </g>
        ))}
      {lanes.flatMap((lane, row) => {
        const at = (step: number): number => places[row]?.(step) ?? NaN;
        return alarmsApart(
          lane.alarms.filter(({ step }) => seen(at(step))),
          (step) => x(at(step)),
          alarmGap,
        ).map((alarm) => (
          <path
            key={`${lane.id} ${alarm.step}`}
            className={`alarm ${alarm.state} lane-${lane.slot}`}
            d={`M${x(at(alarm.step)) + beside(row) - 4} ${bottom}h8l-4 ${alarm.state === 'watch' ? -6 : -9}z`}
          >
            <title>{alarmText(lane.name, alarm)}</title>
          </path>
        ));
      })}
      {lanes.map((lane, row) => {
        const step = lane.status.collapseStep;
        const at = step === null ? NaN : (places[row]?.(step) ?? NaN);
        if (step === null || !seen(at)) return null;
        const text = collapseText(lane.name, step);
        // Where a line is far to the right, its words stand before it.
        const before = x(at) > width / 2;
        return (
          <g key={lane.id} className={`collapse lane-${lane.slot}`}>
            <title>{text}</title>
            <line x1={x(at) + beside(row)} x2={x(at) + beside(row)} y1={plotMargin.top} y2={bottom} />
            {named ? (
              <text
                x={x(at) + (before ? -5 : 5)}
                y={bottom - 8 - 14 * row}
                textAnchor={before ? 'end' : 'start'}
              >
                {text}
              </text>
            ) : null}
          </g>
        );
      })}
      {named
        ? view.zones?.map(({ name, from, to, tone }) =>
            y(from) - y(to) < zoneNameHeight ? null : (
              <text key={name} className={`zone-name ${tone}`} x={plotMargin.left + 6} y={y(to) + 12}>
                {name}
              </text>
            ),
          )
        : null}
      <Points size={size} seen={seen} y={y} x={x} lanes={lanes} places={places} best={view.best} />
      {view.bands.map(({ caption, low, high }) =>
        caption === undefined ? null : (
          <Caption
            key={caption}
            text={caption}
            lanes={lanes}
            places={places}
            low={low}
            high={high}
            x={x}
            y={y}
          />
        ),
      )}
    </svg>
  );
}

interface CaptionProps {
  readonly text: string;
  readonly lanes: readonly Lane[];
  /** Of their steps, in their order. */
  readonly places: readonly ((step: number) => number)[];
  readonly low: ViewSpec['bands'][number]['low'];
  readonly high: ViewSpec['bands'][number]['high'];
  readonly x: (place: number) => number;
  readonly y: (value: number) => number;
}

/** Least height of a band, in units of the axis, that has room for its name. */
const roomForCaption = 0.3;

/** Names the widest band of the newest step, if it is wide enough to be read. */
function Caption({ text, lanes, places, low, high, x, y }: CaptionProps) {
  let widest = { lane: -1, gap: roomForCaption, place: 0, middle: 0 };
  lanes.forEach((lane, row) => {
    const from = lane.history.latest(low);
    const to = lane.history.latest(high);
    if (to - from > widest.gap) {
      widest = {
        lane: lane.slot,
        gap: to - from,
        place: places[row]?.(lane.history.latest('step')) ?? NaN,
        middle: (from + to) / 2,
      };
    }
  });
  if (widest.lane < 0 || x(widest.place) < plotMargin.left + 110) return null;
  return (
    <text
      className={`band-caption lane-${widest.lane}`}
      x={x(widest.place) - 8}
      y={y(widest.middle)}
      textAnchor="end"
    >
      {text}
    </text>
  );
}
