import type { Settings } from '../../settings/hyperparameters.ts';
import type { ShownGroup } from '../../session/protocol.ts';
import { formatValue } from '../format.ts';
import { fateOf } from './votes.ts';

interface Props {
  readonly group: ShownGroup;
  readonly settings: Settings;
}

const width = 320;
const side = 10;
const axisY = 20;
/** Offsets of rollouts in one place: equal completions have equal entropies. */
const stack = [0, -5, 5, -10, 10] as const;

/** The mean entropy of each rollout on a line, with the threshold below which the filter prunes. */
export function EntropyStrip({ group, settings }: Props) {
  const { threshold, iqr, rollouts } = group;
  const q1 = threshold + settings.iqrFactor * iqr;
  const q3 = q1 + iqr;
  const filtered = !Number.isNaN(threshold);
  const most = Math.max(0.01, ...rollouts.map(({ meanEntropy }) => meanEntropy), filtered ? q3 : 0);
  const x = (entropy: number): number => side + (Math.max(0, entropy) / most) * (width - 2 * side);
  const seen = new Map<number, number>();
  const pruned = rollouts.filter((rollout) => fateOf(rollout) === 'pruned').length;
  const summary = filtered
    ? `${pruned} of ${rollouts.length} pruned below ${formatValue(threshold)} nats`
    : 'not filtered';
  return (
    <figure className="strip">
      <figcaption>
        entropy of each rollout: <span className="unit">{summary}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} 44`} role="img" aria-label={`Entropy of each rollout: ${summary}`}>
        <line className="axis" x1={side} x2={width - side} y1={axisY} y2={axisY} />
        {filtered ? (
          <>
            <rect className="below" x={side} y={axisY - 12} width={x(threshold) - side} height="24" />
            <rect className="quartiles" x={x(q1)} y={axisY - 8} width={x(q3) - x(q1)} height="16" />
            <text x={x(q1)} y={axisY - 10} textAnchor="end">
              Q1
            </text>
            <text x={x(q3)} y={axisY - 10}>
              Q3
            </text>
            <line className="threshold" x1={x(threshold)} x2={x(threshold)} y1={axisY - 14} y2={axisY + 14} />
          </>
        ) : null}
        {rollouts.map((rollout, index) => {
          const fate = fateOf(rollout);
          return (
            <circle
              key={index}
              className={fate === 'pruned' ? 'pruned' : rollout.source}
              cx={x(rollout.meanEntropy)}
              cy={axisY + stacked(seen, Math.round(x(rollout.meanEntropy)))}
              r="4"
            >
              <title>{`${rollout.source}, ${rollout.answer ?? 'no answer'}: ${formatValue(rollout.meanEntropy)} nats, ${fate}`}</title>
            </circle>
          );
        })}
        <text x={side} y="43">
          0
        </text>
        <text x={width - side} y="43" textAnchor="end">
          {formatValue(most)}
        </text>
      </svg>
    </figure>
  );
}

function stacked(seen: Map<number, number>, place: number): number {
  const before = seen.get(place) ?? 0;
  seen.set(place, before + 1);
  return stack[before % stack.length] ?? 0;
}
