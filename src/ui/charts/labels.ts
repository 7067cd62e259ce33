import { plotMargin } from './plot.ts';
import type { Size } from './useSize.ts';

/** A point of a chart, in pixels, that would like to be labelled. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Where a label stands: its baseline, and which of its ends lies at x. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

const characterWidth = 5.8;
const [ascent, descent] = [9, 3];

/** Around a point: to the right before the left, below before above. */
const sides = [
  { right: 6, down: 14, anchor: 'start' },
  { right: 6, down: -7, anchor: 'start' },
  { right: -6, down: 14, anchor: 'end' },
  { right: -6, down: -7, anchor: 'end' },
] as const;

/** As far as a point is drawn around its place. */
const radius = 4;

/**
 * Places labels beside their points, inside the plot and apart from each other, clear of the other points where that can
 * be; null where there is no room.
 */
export function placeLabels(points: readonly Labelled[], { width, height }: Size): readonly (Place | null)[] {
  const taken: { left: number; right: number; y: number }[] = [];
  return points.map(({ x, y, text }) => {
    const free = sides.flatMap(({ right, down, anchor }) => {
      const place: Place = { x: x + right, y: y + down, anchor };
      const start = anchor === 'start' ? place.x : place.x - text.length * characterWidth;
      const box = { left: start, right: start + text.length * characterWidth, y: place.y };
      const inside =
        box.left >= plotMargin.left &&
        box.right <= width &&
        box.y - ascent >= 0 &&
        box.y + descent <= height - plotMargin.bottom;
      const apart = taken.every(
        (other) =>
          box.right <= other.left || box.left >= other.right || Math.abs(box.y - other.y) >= ascent + descent,
      );
      return inside && apart ? [{ place, box }] : [];
    });
    const clear = free.find(({ box }) =>
      points.every(
        (point) =>
          (point.x === x && point.y === y) ||
          point.x + radius <= box.left ||
          point.x - radius >= box.right ||
          point.y + radius <= box.y - ascent ||
          point.y - radius >= box.y + descent,
      ),
    );
    const found = clear ?? free[0];
    if (found === undefined) return null;
    taken.push(found.box);
    return found.place;
  });
}
