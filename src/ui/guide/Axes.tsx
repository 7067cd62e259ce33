import './axes.css';

/** Where a plot lies within its picture, in the picture's units. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const shares = [0, 0.5, 1] as const;

/** The axes of a share against steps, with their numbers. @param last step */
export function Axes({ box, last }: { readonly box: Box; readonly last: number }) {
  const { left, right, top, bottom } = box;
  const steps = [0, Math.round(last / 2), last];
  return (
    <g className="axes" aria-hidden="true">
      {shares.map((share) => (
        <g key={share}>
          <line
            className={share === 0 ? 'axis' : 'grid'}
            x1={left}
            x2={right}
            y1={yOf(box, share)}
            y2={yOf(box, share)}
          />
          <text x={left - 3} y={yOf(box, share) + 3.5} textAnchor="end">
            {share}
          </text>
        </g>
      ))}
      {steps.map((step, at) => (
        <text
          key={step}
          x={xOf(box, step, last)}
          y={bottom + 9}
          textAnchor={at === 0 ? 'start' : at === 1 ? 'middle' : 'end'}
        >
          {at === 2 ? `step ${step.toLocaleString('en')}` : step.toLocaleString('en')}
        </text>
      ))}
      <text x={left} y={top - 2}>
        sampled accuracy
      </text>
    </g>
  );
}

/** Where a share lies. */
export function yOf({ top, bottom }: Box, share: number): number {
  return bottom - (bottom - top) * share;
}

/** Where a step of so many lies. */
export function xOf({ left, right }: Box, step: number, last: number): number {
  return left + ((right - left) * step) / Math.max(1, last);
}
