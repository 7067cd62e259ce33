import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react';
import { type Lane, stepOf } from '../../store/lanes.ts';
import { setCursor, setZoom, type Span, view as viewStore } from '../../store/view.ts';
import { formatValue } from '../format.ts';
import { useView } from '../useStore.ts';
import type { LineSpec } from './charts.ts';
import { valueAt } from './Legend.tsx';
import type { Note } from './notes.ts';
import { stepOfPixel } from './plot.ts';
import { panTo, zoomAround, zoomBetween } from './zoom.ts';

interface PlotProps {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly shown: Span;
  /** Where the axis ends without zoom. */
  readonly end: number;
  readonly lines: readonly LineSpec[];
  /** What happened at a step, or nearly. */
  readonly notesOf: (step: number) => readonly Note[];
  readonly width: number;
  readonly children: ReactNode;
}

/** Least pixels that a pointer is dragged to zoom: less is a click. */
const leastDrag = 8;
/** How much a key zooms. */
const zoomFactor = 2;

/** Moves the shared cursor and zooms, by pointer or by keys, and says what lies under it. */
export function Plot({ title, lanes, shown, end, lines, notesOf, width, children }: PlotProps) {
  const cursor = useView((state) => state.cursor);
  const [dragged, setDragged] = useState<{ start: number; end: number } | null>(null);
  const newest = Math.max(0, ...lanes.map(stepOf));
  const at = cursor ?? newest;
  const readings = lanes.map(
    (lane) =>
      `${lane.name}: ${lines.map(({ id, short }) => `${short} ${formatValue(valueAt(lane, id, cursor))}`).join(', ')}`,
  );
  const said = [...readings, ...(cursor === null ? [] : notesOf(cursor).map(({ text }) => text))];
  const pixelOf = (event: PointerEvent<HTMLDivElement>): number =>
    // Presented, the plot is drawn larger than it is counted.
    (event.clientX - event.currentTarget.getBoundingClientRect().left) *
    (width / Math.max(1, event.currentTarget.getBoundingClientRect().width));
  const stepAt = (pixel: number): number => stepOfPixel(pixel, shown, width);
  const key = (event: KeyboardEvent): void => {
    const span = shown.to - shown.from;
    const stride = event.shiftKey ? Math.max(1, Math.round(span / 20)) : 1;
    const from = viewStore.getState().cursor ?? newest;
    const go = (step: number): void => {
      setCursor(step);
      if (viewStore.getState().zoom !== null) setZoom(panTo(shown, step));
    };
    if (event.key === 'ArrowLeft') go(Math.max(0, from - stride));
    else if (event.key === 'ArrowRight') go(Math.min(newest, from + stride));
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') setCursor(null);
    else if (event.key === 'Escape') {
      setCursor(null);
      setZoom(null);
      setDragged(null);
    } else if (event.key === '+' || event.key === '=') setZoom(zoomAround(shown, from, zoomFactor, end));
    else if (event.key === '-') setZoom(zoomAround(shown, from, 1 / zoomFactor, end));
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${title}: step under the cursor`}
      aria-valuemin={0}
      aria-valuemax={newest}
      aria-valuenow={at}
      aria-valuetext={`step ${at}. ${said.join('. ')}`}
      onPointerDown={(event) => {
        // A finger scrolls the page.
        if (event.button !== 0 || event.pointerType === 'touch') return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragged({ start: pixelOf(event), end: pixelOf(event) });
      }}
      onPointerMove={(event) => {
        setCursor(Math.min(newest, stepAt(pixelOf(event))));
        if (dragged !== null) setDragged({ ...dragged, end: pixelOf(event) });
      }}
      onPointerUp={() => {
        if (dragged !== null && Math.abs(dragged.end - dragged.start) >= leastDrag) {
          setZoom(zoomBetween(stepAt(dragged.start), stepAt(dragged.end), end));
        }
        setDragged(null);
      }}
      onPointerCancel={() => {
        setDragged(null);
      }}
      onPointerLeave={() => {
        setCursor(null);
      }}
      onDoubleClick={() => {
        setZoom(null);
      }}
      onKeyDown={key}
    >
      {children}
      {dragged === null || Math.abs(dragged.end - dragged.start) < leastDrag ? null : (
        <div
          className="dragged"
          style={{
            left: Math.min(dragged.start, dragged.end),
            width: Math.abs(dragged.end - dragged.start),
          }}
        />
      )}
    </div>
  );
}
