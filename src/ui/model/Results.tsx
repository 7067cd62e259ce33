import { useStore } from 'zustand';
import { mostListed, type Answers, type AskState, type Between, type Took } from '../../asking/protocol.ts';
import { asked, exportSaid, showPrompt, watchSaid } from '../../store/asked.ts';
import { counted, formatCount, formatShare, formatValue } from '../format.ts';
import { Said } from './Said.tsx';

/** What was answered: all in figures, prompt by prompt, and every completion of the prompt that is shown. */
export function Results() {
  const state = useStore(asked);
  const { answers, prompts, between, took, shown, doing } = state;
  if (prompts.length === 0) return null;
  return (
    <>
      {answers.length === 0 ? null : (
        <section className="card told-all" aria-labelledby="told-title">
          <header>
            <h2 id="told-title">All prompts</h2>
            <span className="buttons">
              <button type="button" disabled={doing !== null} onClick={() => void exportSaid()}>
                Export as JSON lines
              </button>
              <button type="button" disabled={doing !== null} onClick={() => void watchSaid()}>
                Open in Watch
              </button>
            </span>
          </header>
          {took === null ? null : <p className="unit">{tookWords(took)}</p>}
          {between === null ? null : <p className="between">{betweenWords(between, answers)}</p>}
          <Figures answers={answers} known={prompts.some(({ solution }) => solution !== null)} />
          <List prompts={prompts} answers={answers} chosen={shown.prompt} />
        </section>
      )}
      <Said />
    </>
  );
}

function tookWords({ seconds, miss, tokens, completions, stopped }: Took): string {
  const speed = `${counted(tokens, 'token')} in ${seconds.toFixed(1)} s, ${formatCount(tokens / seconds)} a second; ${miss}.`;
  return stopped ? `Stopped: the figures are of ${counted(completions, 'completion')}. ${speed}` : speed;
}

function betweenWords({ overlap, forth, back }: Between, answers: readonly Answers[]): string {
  const [ours = '', theirs = ''] = answers.map(({ name }) => name);
  const alike = Number.isNaN(overlap)
    ? 'no answer overlap, as no two completions of one of them agree'
    : `answer overlap ${formatShare(overlap)} (1: they answer alike)`;
  const both = `${ours} and ${theirs}: ${alike}`;
  if (forth === null) return `${both}. Stopped: KL between them is not known.`;
  const one = `${both}; KL(${ours} ‖ ${theirs}) ${formatValue(forth)}`;
  return back === null
    ? `${one} nats a token, on the completions of ${ours}. Stopped: KL the other way round is not known.`
    : `${one}, KL(${theirs} ‖ ${ours}) ${formatValue(back)} nats a token, each on its own completions.`;
}

interface Figure {
  readonly label: string;
  readonly note: string;
  readonly of: (answers: Answers) => string;
  readonly needsTruth?: boolean;
}

const figures: readonly Figure[] = [
  {
    label: 'agreement',
    note: 'mean share of completions that give the vote’s answer: what majority voting pays',
    of: ({ all }) => formatShare(all.agreement),
  },
  {
    label: 'unanimous',
    note: 'share of prompts on which all completions agree',
    of: ({ all }) => formatShare(all.unanimous),
  },
  {
    label: 'no answer',
    note: 'share of completions in which none was found',
    of: ({ all }) => formatShare(all.noAnswer),
  },
  { label: 'entropy', note: 'nats a token, mean over prompts', of: ({ all }) => formatValue(all.entropy) },
  { label: 'tokens', note: 'of a completion, mean', of: ({ all }) => all.tokens.toFixed(1) },
  {
    label: 'cut off',
    note: 'share of completions without an end token',
    of: ({ all }) => formatShare(all.truncated),
  },
  {
    label: 'one vote',
    note: 'share of all votes that are the most common one',
    of: ({ all }) => formatShare(all.topLabelShare),
  },
  {
    label: 'right',
    note: 'share of completions, of the prompts with an answer',
    of: ({ all }) => formatShare(all.accuracy),
    needsTruth: true,
  },
  {
    label: 'votes right',
    note: 'share of votes, of the prompts with an answer',
    of: ({ all }) => formatShare(all.voteAccuracy),
    needsTruth: true,
  },
  {
    label: 'right at least once',
    note: 'share of the prompts with an answer',
    of: ({ all }) => formatShare(all.passAny),
    needsTruth: true,
  },
  {
    label: 'self-deception',
    note: 'what majority voting would pay beyond what is right',
    of: ({ all }) => formatShare(all.selfDeception),
    needsTruth: true,
  },
];

function Figures({ answers, known }: { readonly answers: readonly Answers[]; readonly known: boolean }) {
  const shown = figures.filter(({ needsTruth }) => known || needsTruth !== true);
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Figures of all prompts">
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">model</th>
            {shown.map(({ label, note }) => (
              <th key={label} scope="col" className="number-cell" title={note}>
                {label}
              </th>
            ))}
            <th scope="col">answers are found</th>
          </tr>
        </thead>
        <tbody>
          {answers.map((each, i) => (
            <tr key={i} className={`lane-${i}`}>
              <th scope="row">
                <span className="swatch" aria-hidden="true" />
                {each.name}
              </th>
              {shown.map(({ label, of }) => (
                <td key={label} className="number-cell">
                  {of(each)}
                </td>
              ))}
              <td>{each.form ?? 'in too few completions: say how above'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ListProps {
  readonly prompts: AskState['prompts'];
  readonly answers: readonly Answers[];
  readonly chosen: number;
}

/** Every prompt with its votes; a press shows what was said to it. */
function List({ prompts, answers, chosen }: ListProps) {
  const known = prompts.some(({ solution }) => solution !== null);
  const columns = ['vote', 'agreement', 'answers', 'no answer', 'entropy', ...(known ? ['right'] : [])];
  return (
    <div className="scroll list" tabIndex={0} role="group" aria-label="Prompts">
      <table className="prompts-list">
        <thead>
          {answers.length < 2 ? null : (
            <tr>
              <td />
              {answers.map(({ name }, i) => (
                <th key={i} scope="colgroup" colSpan={columns.length} className={`lane-${i}`}>
                  <span className="swatch" aria-hidden="true" />
                  {name}
                </th>
              ))}
            </tr>
          )}
          <tr>
            <th scope="col">prompt</th>
            {answers.map((_, i) =>
              columns.map((column) => (
                <th key={`${i} ${column}`} scope="col" className={column === 'vote' ? '' : 'number-cell'}>
                  {column}
                </th>
              )),
            )}
          </tr>
        </thead>
        <tbody>
          {prompts.slice(0, mostListed).map(({ prompt }, index) => (
            <tr key={index} data-chosen={index === chosen}>
              <th scope="row">
                <button
                  type="button"
                  className="quiet prompt"
                  aria-pressed={index === chosen}
                  title={prompt}
                  onClick={() => {
                    showPrompt(index);
                  }}
                >
                  {prompt.replace(/\s+/g, ' ').trim()}
                </button>
              </th>
              {answers.map(({ each }, i) => (
                <Cells key={i} of={each[index] ?? null} known={known} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {prompts.length <= mostListed ? null : (
        <p className="unit">
          The first {mostListed} of {formatCount(prompts.length)} are listed; all count, and all are exported.
        </p>
      )}
    </div>
  );
}

function Cells({ of, known }: { readonly of: Answers['each'][number]; readonly known: boolean }) {
  if (of === null) return <td colSpan={known ? 6 : 5} className="pending" />;
  const { vote, agreement, distinct, noAnswer, entropy, voteRight, accuracy } = of;
  return (
    <>
      <td>{vote === null ? <em>none</em> : <code>{vote}</code>}</td>
      <td className="number-cell">{formatShare(agreement)}</td>
      <td className="number-cell">{distinct}</td>
      <td className="number-cell">{formatShare(noAnswer)}</td>
      <td className="number-cell">{formatValue(entropy)}</td>
      {known ? (
        <td className="number-cell">
          {voteRight === null ? '–' : `${voteRight ? 'yes' : 'no'}, ${formatShare(accuracy)}`}
        </td>
      ) : null}
    </>
  );
}
