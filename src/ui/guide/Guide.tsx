import { type ComponentType, useEffect } from 'react';
import { goToStop } from '../../store/view.ts';
import { Cards } from './Cards.tsx';
import { CollapseFigure } from './CollapseFigure.tsx';
import { AdvantageFigure, AnchorFigure, EntropyFigure, FilterFigure, VoteFigure } from './figures.tsx';
import { useLab } from '../useStore.ts';
import { LabLink } from './LabLink.tsx';
import './guide.css';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly words: readonly string[];
  /** What follows an underscore stands below the line. */
  readonly formula: string;
  readonly Figure?: ComponentType;
}

/** What is explained, in the order in which a step does it. */
const sections: readonly Section[] = [
  {
    id: 'vote',
    title: 'Policy, anchor, group and vote',
    words: [
      'For each prompt the policy θq writes M completions and the momentum anchor θk writes N: together they are a group of G. Each completion has an answer. The answer most often given is the pseudo-label: it stands in for a truth that nobody has.',
      'If the policy drifts towards a wrong answer, the anchor, which lags behind, still gives the old one. How alike they answer, the answer overlap ρ, falls when they drift apart: that is the early warning.',
    ],
    formula: 'ρ = C_qk ÷ √(C_qq · C_kk), C: share of equal answers among pairs of rollouts',
    Figure: VoteFigure,
  },
  {
    id: 'advantage',
    title: 'Reward and advantage',
    words: [
      'A rollout of the policy earns 1 if its answer is the pseudo-label, else 0. Within its group the reward becomes an advantage: how much better than the others it was. Completions with a positive one become more likely.',
    ],
    formula: 'A_i = (r_i − mean(r)) ÷ (std(r) + 10⁻⁶)',
    Figure: AdvantageFigure,
  },
  {
    id: 'entropy',
    title: 'Entropy',
    words: [
      'How undecided the model is about the next character, in nats. Training sharpens the policy, so entropy falls in healthy runs too; near 0 nothing is tried any more and nothing can be learned.',
    ],
    formula: 'H = −Σ_v π(v) ln π(v), π = softmax(logits ÷ T)',
    Figure: EntropyFigure,
  },
  {
    id: 'filter',
    title: 'The IQR filter',
    words: [
      'Rollouts of unusually low entropy are the ones the model is most sure of, and often has by heart. Those below the lower fence of their group are left out of vote and training.',
    ],
    formula: 'drop i where H_i < Q1 − k · (Q3 − Q1)',
    Figure: FilterFigure,
  },
  {
    id: 'anchor',
    title: 'The momentum anchor',
    words: [
      'After every step the anchor moves a little towards the policy. At m = 0 it is the policy, and its votes are mere extra votes; at m = 1 it never moves.',
    ],
    formula: 'θk ← m · θk + (1 − m) · θq',
    Figure: AnchorFigure,
  },
  {
    id: 'collapse',
    title: 'Self-deception and collapse',
    words: [
      'The reward only says that the rollouts agree. Agreeing on something wrong but easier pays as well, so accuracy can crash while the reward still looks perfect. A run has collapsed at the first of three evaluations in a row that lie a quarter, and at least 0.10, below its peak.',
    ],
    formula: 'collapsed: 3 × eval/sampled < peak − max(0.10, peak ÷ 4)',
    Figure: CollapseFigure,
  },
  {
    id: 'guard',
    title: 'The guard',
    words: [
      'A knob of every lane. When the early warning turns red, the run goes back to a checkpoint of about 20 steps ago and halves its learning rate, by itself and without labels. Open the preset Cure to see it beside a collapse and beside M-GRPO. There it holds for 400 steps; of five runs of 3,000 steps two collapsed, and they end at .52 to .80.',
    ],
    formula: 'score ≥ 0.67 ⇒ θq, θk, AdamW ← checkpoint, learning rate × 0.5',
  },
];

/** The page that explains each quantity, with figures computed by the trainer's own rules. */
export function Guide() {
  const recorded = useLab((lab) => lab.recorded);
  useEffect(() => {
    // A link may name a section, which was not there when the browser looked for it.
    const [, id] = location.hash.split('/');
    if (id !== undefined) jump(id)();
  }, []);
  return (
    <main className="guide">
      <nav aria-label="In this guide">
        <ul>
          {sections.map(({ id, title }) => (
            <li key={id}>
              <a href={`#guide/${id}`} onClick={jump(id)}>
                {title}
              </a>
            </li>
          ))}
          <li>
            <a href="#guide/try" onClick={jump('try')}>
              Try this
            </a>
          </li>
        </ul>
      </nav>
      <div className="guide-body">
        {recorded ? null : (
          <p>
            New here?{' '}
            <button
              type="button"
              onClick={() => {
                goToStop(0);
              }}
            >
              Take the tour of the live page
            </button>
          </p>
        )}
        {sections.map(({ id, title, words, formula, Figure }) => (
          <section key={id} id={id} tabIndex={-1} aria-labelledby={`${id}-title`} className="card">
            <h2 id={`${id}-title`}>{title}</h2>
            {words.map((paragraph) => (
              <p key={paragraph}>{paragraph}</p>
            ))}
            <p className="formula">
              {formula
                .split(/_(\w+)/)
                .map((part, place) => (place % 2 === 1 ? <sub key={place}>{part}</sub> : part))}
            </p>
            {Figure === undefined ? (
              <p>
                <LabLink search="preset=cure" title="Preset Cure">
                  Open the preset Cure
                </LabLink>
              </p>
            ) : (
              <Figure />
            )}
          </section>
        ))}
        <section id="try" tabIndex={-1} aria-labelledby="try-title">
          <h2 id="try-title">Try this: one knob each</h2>
          <Cards />
        </section>
      </div>
    </main>
  );
}

/** Moves to a section; the address says so too. */
function jump(id: string): () => void {
  return () => {
    const section = document.getElementById(id);
    section?.scrollIntoView();
    section?.focus({ preventScroll: true });
  };
}
