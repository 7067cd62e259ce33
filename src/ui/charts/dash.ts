/** What tells the lines of a lane apart, beside its colour. */
export type Dash = 'solid' | 'dashed' | 'dotted' | 'dashDot';

/** Stroke patterns, in curves and in the legend's samples. */
export const strokes: Readonly<Record<Dash, string>> = {
  solid: '',
  dashed: '5 3',
  dotted: '1.5 2.5',
  dashDot: '6 2.5 1.5 2.5',
};
