import type { Span } from '../../store/view.ts';

/** Fewest steps a chart is zoomed to. */
export const leastSpan = 4;

/** What a chart shows whose steps end at `end`: the zoom, or all of it where none of the zoom has been reached. */
export function shownSpan(zoom: Span | null, end: number): Span {
  return zoom === null || zoom.from >= end ? { from: 0, to: end } : { ...zoom, to: Math.min(zoom.to, end) };
}

/** The zoom between two steps, in either order; null where that is all there is. */
export function zoomBetween(one: number, other: number, end: number): Span | null {
  const from = Math.min(one, other);
  return within(from, Math.max(leastSpan, Math.max(one, other) - from), end);
}

/**
 * The zoom by a factor around a step, which keeps its place; null where that is all there is.
 * @param factor above 1: closer
 */
export function zoomAround(span: Span, at: number, factor: number, end: number): Span | null {
  const before = span.to - span.from;
  const width = Math.max(leastSpan, Math.round(before / factor));
  const share = before === 0 ? 0.5 : Math.min(1, Math.max(0, (at - span.from) / before));
  return within(Math.round(span.from + share * (before - width)), width, end);
}

/** As wide a zoom as before, moved no further than it takes to show a step. */
export function panTo({ from, to }: Span, step: number): Span {
  const by = Math.min(0, step - from) + Math.max(0, step - to);
  return { from: from + by, to: to + by };
}

function within(from: number, width: number, end: number): Span | null {
  if (width >= end) return null;
  const start = Math.min(Math.max(0, from), end - width);
  return { from: start, to: start + width };
}
