import { useShallow } from 'zustand/react/shallow';
import { algorithmOf } from '../../algorithms/index.ts';
import { withMinus } from '../../lib/minus.ts';
import { tokenLoss } from '../../rl/loss.ts';
import type { ShownRollout } from '../../session/protocol.ts';
import type { LossCoefficients } from '../../spec/algorithm.ts';
import { shortNumber } from '../../store/describe.ts';
import { type Lane, settingsAt } from '../../store/lanes.ts';
import { useLab } from '../useStore.ts';
import { shownPiece, type TokenAt } from './pieces.ts';
import './formula.css';

interface Props {
  readonly at: TokenAt;
  readonly onMove: (at: TokenAt) => void;
  readonly onClose: () => void;
}

/** One token in the loss: the formula with its numbers, beside that of the token in the same place of other lanes. */
export function TokenFormula({ at, onMove, onClose }: Props) {
  // Parts, not lanes: those change ten times a second.
  const names = useLab(useShallow((state) => state.lanes.map(({ name }) => name)));
  const slots = useLab(useShallow((state) => state.lanes.map(({ slot }) => slot)));
  const starts = useLab(useShallow((state) => state.lanes.map(({ start }) => start)));
  const changes = useLab(useShallow((state) => state.lanes.map((lane) => lane.changes)));
  const groups = useLab(useShallow((state) => state.lanes.map(({ group }) => group)));
  const selected = useLab((state) => state.selected);
  const count = groups[selected]?.rollouts[at.rollout]?.pieces.length ?? 0;
  const terms = names.flatMap((name, lane) => {
    const [start, changed] = [starts[lane], changes[lane]];
    if (start === undefined || changed === undefined) return [];
    const of = { name, slot: slots[lane] ?? 0, start, changes: changed, group: groups[lane] ?? null };
    return termsOf(of, at) ?? [];
  });
  const row = (label: string, ...figures: readonly ((of: Terms) => number)[]) => (
    <tr>
      <th scope="row">{label}</th>
      {terms.map((of) => (
        <td key={of.name} className="number-cell">
          {figures.map((figure) => digits(figure(of))).join(' … ')}
        </td>
      ))}
    </tr>
  );
  return (
    <section className="formula" aria-label="One token in the loss">
      <header>
        <h3>{`Token ${String(at.token + 1)} of ${String(count)}`}</h3>
        {([-1, 1] as const).map((by) => (
          <button
            key={by}
            type="button"
            aria-label={by < 0 ? 'The token before' : 'The next token'}
            disabled={at.token + by < 0 || at.token + by >= count}
            onClick={() => {
              onMove({ ...at, token: at.token + by });
            }}
          >
            {by < 0 ? '‹' : '›'}
          </button>
        ))}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      {terms.length === 0 ? (
        <p className="unit">
          No update learned from this rollout: it is another’s than the policy’s, the filter dropped it or its
          group was skipped.
        </p>
      ) : (
        <>
          <p>
            <code>w · ( max(−A·ρ, −A·clip ρ) + β·k3 − c·H )</code>
          </p>
          <table>
            <thead>
              <tr>
                <td />
                {terms.map(({ name, slot, piece }) => (
                  <th key={name} scope="col" className={`lane-${String(slot)}`} title={name}>
                    <span className="swatch" aria-hidden="true" />
                    <code>{shownPiece(piece)}</code>
                    <span className="visually-hidden">{name}</span>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {row('ratio ρ', ({ ratio }) => ratio)}
              {row(
                'clip to',
                ({ by }) => 1 - by.clipLow,
                ({ by }) => 1 + by.clipHigh,
              )}
              {row('advantage A', ({ advantage }) => advantage)}
              {row('policy term', ({ loss }) => loss.policy)}
              {row('KL to base k3', ({ k3 }) => k3)}
              {row('β', ({ by }) => by.klCoefficient)}
              {row('β·k3', ({ loss }) => loss.kl)}
              {row('entropy H', ({ entropy }) => entropy)}
              {row('c', ({ by }) => by.entropyBonus)}
              {row('−c·H', ({ loss }) => loss.entropy)}
              {row('weight w', ({ weight }) => weight)}
              {row('part of the loss', ({ summed }) => summed)}
            </tbody>
          </table>
          <p className="unit">
            Rule: <code>src/rl/loss.ts, tokenLoss</code>
          </p>
        </>
      )}
    </section>
  );
}

interface Terms {
  readonly name: string;
  readonly slot: number;
  readonly piece: string;
  readonly ratio: number;
  readonly advantage: number;
  readonly k3: number;
  readonly entropy: number;
  readonly weight: number;
  /** With what its step weighed them. */
  readonly by: LossCoefficients;
  /** The terms, by the rule. */
  readonly loss: ReturnType<typeof tokenLoss>;
  /** What the kernel made of them. */
  readonly summed: number;
}

function termsOf(
  { name, slot, group, ...run }: Pick<Lane, 'name' | 'slot' | 'start' | 'changes' | 'group'>,
  { rollout, token }: TokenAt,
): Terms | null {
  const of: ShownRollout | undefined = group?.rollouts[rollout];
  const learned = of?.learned?.[token];
  if (group === null || of === undefined || learned === undefined || of.advantage === null) return null;
  const { ratio, k3, weight } = learned;
  const entropy = of.entropies[token] ?? NaN;
  const figures = { ratio, k3, weight, entropy, advantage: of.advantage };
  // Knobs may have been turned since.
  const settings = settingsAt(run, group.step - 1);
  const by = algorithmOf(settings.algorithm).objective.coefficients(settings);
  return {
    name,
    slot,
    piece: of.pieces[token] ?? '',
    ...figures,
    by,
    loss: tokenLoss(figures, by),
    summed: learned.loss,
  };
}

function digits(value: number): string {
  return Number.isNaN(value) ? '–' : withMinus(shortNumber(Number(value.toPrecision(3))));
}
