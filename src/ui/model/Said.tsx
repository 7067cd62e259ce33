import { useStore } from 'zustand';
import type { Shown, ShownCompletion } from '../../asking/protocol.ts';
import { largest } from '../../lib/stats.ts';
import { asked, showPrompt } from '../../store/asked.ts';
import { counted, formatCount, formatValue } from '../format.ts';
import { shownPiece } from '../rollouts/pieces.ts';
import { VoteBars } from '../rollouts/VoteBars.tsx';

/** What was said to one prompt: the vote, and every completion, its tokens tinted by entropy. */
export function Said() {
  const { shown, prompts } = useStore(asked);
  const prompt = prompts[shown.prompt];
  if (prompt === undefined || shown.said.length === 0) return null;
  const turn = (by: number, label: string, sign: string) => (
    <button
      type="button"
      aria-label={label}
      title={label}
      disabled={prompts[shown.prompt + by] === undefined}
      onClick={() => {
        showPrompt(shown.prompt + by);
      }}
    >
      {sign}
    </button>
  );
  return (
    <section className="rollouts told card said" aria-labelledby="said-title">
      <header>
        <h2 id="said-title">Completions</h2>
        <span className="told-turns">
          {turn(-1, 'Previous prompt', '‹')}
          <span className="unit">
            prompt {shown.prompt + 1} of {formatCount(prompts.length)}
          </span>
          {turn(1, 'Next prompt', '›')}
        </span>
      </header>
      <figure className="told-prompt">
        <figcaption className="unit">prompt</figcaption>
        <pre>{prompt.prompt}</pre>
      </figure>
      {shown.said.map((said, i) => (
        <SaidBy key={i} said={said} lane={i} prompt={prompt.prompt} solution={prompt.solution} />
      ))}
    </section>
  );
}

interface Props {
  readonly said: Shown;
  readonly lane: number;
  readonly prompt: string;
  readonly solution: string | null;
}

function SaidBy({ said: { name, vote, completions, count, answers }, lane, prompt, solution }: Props) {
  // Relative to the least sure token shown, or a sure model would be all white.
  const most = largest(
    completions.map(({ entropies }) => largest(entropies)),
    1e-3,
  );
  const rollouts = answers.map((answer) => ({ answer, votes: true, source: 'policy' as const }));
  return (
    <section className={`said-by lane-${lane}`} aria-label={name}>
      <h3>
        <span className="swatch" aria-hidden="true" />
        {name}
        {answers.length === 0 ? null : (
          <span className="unit">
            the stronger the tint, the higher a token’s entropy, up to {formatValue(most)} nats
          </span>
        )}
      </h3>
      <div className="said-body">
        {answers.length === 0 ? null : (
          <VoteBars
            truthHidden={false}
            group={{ prompt, pseudoLabel: vote, solution, rollouts }}
            winner="most votes"
            caption={`vote of ${counted(answers.length, 'completion')}`}
          />
        )}
        <ol className="scroll" tabIndex={0} aria-label={`Completions of ${name}`}>
          {completions.map((completion, at) => (
            <li key={at}>
              <Completion completion={completion} most={most} solution={solution} />
            </li>
          ))}
          {count <= completions.length ? null : (
            <li className="unit">
              The first {completions.length} of {formatCount(count)} are shown; all of them vote.
            </li>
          )}
        </ol>
      </div>
    </section>
  );
}

interface CompletionProps {
  readonly completion: ShownCompletion;
  readonly most: number;
  readonly solution: string | null;
}

function Completion({ completion, most, solution }: CompletionProps) {
  const { pieces, entropies, logProbs, text, answer, truncated } = completion;
  if (pieces.length === 0) return <span className="told-text under-way">{text} …</span>;
  const mean = entropies.reduce((sum, each) => sum + each, 0) / entropies.length;
  const least = entropies.indexOf(largest(entropies));
  return (
    <>
      <code className="tinted">
        {pieces.map((piece, i) => (
          <span
            key={i}
            title={`entropy ${formatValue(entropies[i] ?? NaN)} nats, log-probability ${formatValue(logProbs[i] ?? NaN)}`}
            style={{ backgroundColor: tintOf((entropies[i] ?? 0) / most) }}
          >
            {piece}
          </span>
        ))}
      </code>
      <p className="unit">
        answer {answer === null ? <em>none</em> : <code>{answer}</code>}
        {answer !== null && answer === solution ? <span className="right"> ✓ right</span> : null}
        {' · '}
        {counted(pieces.length, 'token')}
        {truncated ? ', cut off' : ''} · entropy {formatValue(mean)}, most at “
        {shownPiece(pieces[least] ?? '')}”: {formatValue(entropies[least] ?? NaN)}
      </p>
    </>
  );
}

function tintOf(share: number): string {
  return `color-mix(in srgb, var(--lane) ${Math.round(Math.min(1, share) * 55)}%, transparent)`;
}
