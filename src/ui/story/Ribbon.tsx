import { type Phase, phasesOf, phaseWords } from '../../diagnostics/phases.ts';
import type { Lane } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import { pixelOfStep, plotMargin } from '../charts/plot.ts';
import { bandsOf } from './bands.ts';
import { toldRun } from './told.ts';

interface Props {
  readonly lanes: readonly Lane[];
  readonly shown: Span;
  readonly width: number;
  readonly truthHidden: boolean;
  /** Changes whenever the histories grew; they grow in place. */
  readonly version: number;
}

const characterWidth = 6;
const rowHeight = 15;
/** A band that is narrower alone can't be told from its neighbours. */
const narrowestPixels = 2;

/** Above a chart, a band per lane on the same steps: how it fares, stretch by stretch, in words and tint. */
export function Ribbon({ lanes, shown, width, truthHidden }: Props) {
  const x = (step: number): number =>
    pixelOfStep(Math.min(shown.to, Math.max(shown.from, step)), shown, width);
  const narrowest = narrowestPixels / (pixelOfStep(1, shown, width) - pixelOfStep(0, shown, width));
  return (
    <svg
      className="ribbon"
      width={width}
      height={lanes.length * rowHeight}
      viewBox={`0 0 ${width} ${lanes.length * rowHeight}`}
      role="img"
      aria-label={spoken(lanes, truthHidden)}
    >
      {lanes.map((lane, row) => (
        <g
          key={lane.id}
          className={`lane-${String(lane.slot)}`}
          transform={`translate(0 ${String(row * rowHeight)})`}
        >
          <rect className="whose" x={plotMargin.left - 9} y="2" width="5" height="11" rx="1" />
          {bandsOf(inSight(phasesOf(toldRun(lane), truthHidden), shown), narrowest).map((band) => {
            const [left, right] = [x(band.from), x(band.to)];
            return (
              <g key={band.from} className={`phase-${band.state}`}>
                <title>{`${lane.name}, ${inWords(band)}${band.count > 1 ? ', most of the time' : ''}`}</title>
                <rect x={left} y="1" width={Math.max(1, right - left)} height={rowHeight - 2} />
                <text x={left + 4} y="11">
                  {fitting(phaseWords[band.state], right - left - 8)}
                </text>
              </g>
            );
          })}
        </g>
      ))}
    </svg>
  );
}

function inSight(phases: readonly Phase[], shown: Span): readonly Phase[] {
  return phases.filter(({ from, to }) => to >= shown.from && from <= shown.to);
}

function fitting(words: string, room: number): string {
  return words.length * characterWidth <= room ? words : '';
}

function inWords({ from, to, state }: Phase): string {
  return `steps ${String(from)} to ${String(to)}: ${phaseWords[state]}`;
}

function spoken(lanes: readonly Lane[], truthHidden: boolean): string {
  return lanes
    .map((lane) => {
      const last = phasesOf(toldRun(lane), truthHidden).at(-1);
      return `${lane.name}: ${last === undefined ? 'no step yet' : inWords(last)}`;
    })
    .join('. ');
}
