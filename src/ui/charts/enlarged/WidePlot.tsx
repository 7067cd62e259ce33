import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react';
import type { Span } from '../../../store/view.ts';
import { formatValue } from '../../format.ts';
import { pixelOfStep, plotMargin, type ValueAxis, valueOfPixel } from '../plot.ts';
import type { Size } from '../useSize.ts';
import { zoomAround, zoomBetween } from '../zoom.ts';

interface Props {
  readonly title: string;
  /** What the axis counts. */
  readonly unit: string;
  readonly size: Size;
  readonly shown: Span;
  /** Where the axis ends without zoom, and the last place that was reached. */
  readonly end: number;
  readonly newest: number;
  /** What a zoom is rounded to: a step, or a small part of the axis. */
  readonly grain: number;
  readonly values: ValueAxis;
  /** The place under the cursor; null: none. */
  readonly at: number | null;
  readonly onAt: (place: number | null) => void;
  /** The place so many steps from another. */
  readonly beside: (place: number, steps: number) => number;
  readonly onStretch: (stretch: Span | null) => void;
  /** Shows the values between two; null: all. */
  readonly onRange: (range: readonly [low: number, high: number] | null) => void;
  /** What is read at a place, in words, and what happened there. */
  readonly said: (place: number) => string;
  readonly notes: readonly string[];
  readonly children: ReactNode;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Least pixels that a pointer is dragged along an axis to zoom it: less is a click, or a hand that is not quite steady. */
const leastDrag = 16;
/** How much a key zooms. */
const zoomFactor = 2;

/** The cursor of an enlarged chart, and its zoom: a pointer is dragged along either axis, or along both. */
export function WidePlot(props: Props) {
  const { title, unit, size, shown, end, newest, grain, values, at, onAt, notes, children } = props;
  const [drag, setDrag] = useState<{ readonly from: Point; readonly to: Point } | null>(null);
  const pointOf = (event: PointerEvent<HTMLDivElement>): Point => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const placeAt = (pixel: number): number => {
    const share = (pixel - plotMargin.left) / Math.max(1, size.width - plotMargin.left - plotMargin.right);
    return shown.from + Math.min(1, Math.max(0, share)) * (shown.to - shown.from);
  };
  const stretchTo = (zoomed: Span | null): void => {
    props.onStretch(zoomed === null ? null : { from: zoomed.from * grain, to: zoomed.to * grain });
  };
  const grains = (place: number): number => Math.round(place / grain);
  const reset = (): void => {
    onAt(null);
    setDrag(null);
    stretchTo(null);
    props.onRange(null);
  };
  const key = (event: KeyboardEvent): void => {
    const stride = event.shiftKey ? 10 : 1;
    const from = at ?? newest;
    const around = (factor: number): void => {
      const inGrains = { from: grains(shown.from), to: grains(shown.to) };
      stretchTo(zoomAround(inGrains, grains(from), factor, grains(end)));
    };
    if (event.key === 'ArrowLeft') onAt(Math.max(0, props.beside(from, -stride)));
    else if (event.key === 'ArrowRight') onAt(Math.min(newest, props.beside(from, stride)));
    else if (event.key === 'Home') onAt(0);
    else if (event.key === 'End') onAt(null);
    else if (event.key === '+' || event.key === '=') around(zoomFactor);
    else if (event.key === '-') around(1 / zoomFactor);
    else return;
    event.preventDefault();
  };
  const place = at ?? newest;
  const wide = drag !== null && Math.abs(drag.to.x - drag.from.x) >= leastDrag;
  const high = drag !== null && Math.abs(drag.to.y - drag.from.y) >= leastDrag;
  const drop = (): void => {
    if (drag !== null && wide) {
      const [one, other] = [drag.from.x, drag.to.x].map((pixel) => grains(placeAt(pixel)));
      stretchTo(zoomBetween(one ?? 0, other ?? 0, grains(end)));
    }
    if (drag !== null && high) {
      const [one = 0, other = 0] = [drag.from.y, drag.to.y].map((pixel) =>
        valueOfPixel(pixel, values, size.height),
      );
      props.onRange([Math.min(one, other), Math.max(one, other)]);
    }
    setDrag(null);
  };
  return (
    <div
      className="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${title}: ${unit} under the cursor`}
      aria-valuemin={0}
      aria-valuemax={newest}
      aria-valuenow={place}
      aria-valuetext={[props.said(place), ...(at === null ? [] : notes)].join('. ')}
      onPointerDown={(event) => {
        // A finger scrolls.
        if (event.button !== 0 || event.pointerType === 'touch') return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: pointOf(event), to: pointOf(event) });
      }}
      onPointerMove={(event) => {
        const point = pointOf(event);
        onAt(Math.min(newest, placeAt(point.x)));
        if (drag !== null) setDrag({ ...drag, to: point });
      }}
      onPointerUp={drop}
      onPointerCancel={() => {
        setDrag(null);
      }}
      onPointerLeave={() => {
        onAt(null);
      }}
      onDoubleClick={reset}
      onKeyDown={key}
    >
      {children}
      {at === null || at < shown.from || at > shown.to ? null : (
        <div
          className="cursor"
          style={{ transform: `translateX(${String(pixelOfStep(at, shown, size.width))}px)` }}
        >
          <span className="cursor-step">{at === 0 ? '0' : formatValue(at)}</span>
        </div>
      )}
      {at === null || notes.length === 0 ? null : (
        <ul className="cursor-note">
          {notes.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {drag !== null && (wide || high) ? (
        <div className="dragged" style={boxOf(drag, wide, high, size)} />
      ) : null}
    </div>
  );
}

/** What a drag will show: as high or as wide as the plot along the axis that it leaves alone. */
function boxOf({ from, to }: { from: Point; to: Point }, wide: boolean, high: boolean, size: Size) {
  return {
    left: wide ? Math.min(from.x, to.x) : plotMargin.left,
    width: wide ? Math.abs(to.x - from.x) : size.width - plotMargin.left - plotMargin.right,
    ...(high ? { top: Math.min(from.y, to.y), height: Math.abs(to.y - from.y), bottom: 'auto' } : {}),
  };
}
