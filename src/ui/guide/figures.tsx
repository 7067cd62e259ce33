import { useId, useState } from 'react';
import { OverlapWindow, pairShares } from '../../diagnostics/overlap.ts';
import { withMinus } from '../../lib/minus.ts';
import { quantile } from '../../lib/stats.ts';
import { groupRelative } from '../../rl/advantage.ts';
import { anchorHalfLife } from '../../rl/anchor.ts';
import { interquartile } from '../../rl/filter.ts';
import { plurality } from '../../rl/vote.ts';
import { defaultSettings } from '../../settings/settings.ts';
import type { Group, Rollout } from '../../spec/group.ts';
import { formatValue } from '../format.ts';

/** Answers that a click goes through; null: none. */
const choices = ['17899', '16789', '17799', null] as const;
type Answer = (typeof choices)[number];

function next(answer: Answer): Answer {
  return choices[(choices.indexOf(answer) + 1) % choices.length] ?? null;
}

interface AnswersProps {
  readonly whose: string;
  readonly answers: readonly Answer[];
  readonly onChange: (answers: readonly Answer[]) => void;
}

/** Answers that can be changed by pressing them. */
function Answers({ whose, answers, onChange }: AnswersProps) {
  return (
    <p className="answers">
      <span className="unit">{whose}</span>
      {answers.map((answer, at) => (
        <button
          key={at}
          type="button"
          aria-label={`${whose} rollout ${at + 1} answers ${answer ?? 'nothing'}: change it`}
          onClick={() => {
            onChange(answers.with(at, next(answer)));
          }}
        >
          <code>{answer ?? '—'}</code>
        </button>
      ))}
    </p>
  );
}

const policyAnswers: readonly Answer[] = ['17899', '16789', '17899', '16789', '17899', '17799'];
const anchorAnswers: readonly Answer[] = ['17899', '17899', '16789', '17899', '17899', null];

/** The vote and the overlap of policy and anchor, by rl/vote and diagnostics/overlap. */
export function VoteFigure() {
  const [policy, setPolicy] = useState(policyAnswers);
  const [anchor, setAnchor] = useState(anchorAnswers);
  const { answer, votes, tied } = plurality([...policy, ...anchor]);
  const overlap = new OverlapWindow().add(pairShares([{ policy, anchor }]));
  const own = plurality(policy).answer;
  return (
    <div className="guide-figure">
      <Answers whose="policy" answers={policy} onChange={setPolicy} />
      <Answers whose="anchor" answers={anchor} onChange={setAnchor} />
      <output>
        {answer === null
          ? 'Nobody answered: no label, no gradient.'
          : `Pseudo-label ${answer} with ${votes} of ${policy.length + anchor.length} votes${tied ? ', decided by a tie' : ''}. `}
        {answer !== null && own !== answer ? `The policy alone would have chosen ${own ?? 'nothing'}. ` : ''}
        {`Answer overlap ${formatValue(overlap)}.`}
      </output>
    </div>
  );
}

/** Advantages of a group, by rl/advantage. */
export function AdvantageFigure() {
  const [rewards, setRewards] = useState<readonly number[]>([1, 0, 1, 0, 1, 1, 0, 1]);
  const [advantages] = groupRelative([rewards], [rewards.map(() => true)], { scaleRewards: 'group' });
  return (
    <div className="guide-figure">
      <p className="answers">
        <span className="unit">reward</span>
        {rewards.map((reward, at) => (
          <button
            key={at}
            type="button"
            aria-pressed={reward === 1}
            aria-label={`reward of rollout ${at + 1}: ${reward}`}
            onClick={() => {
              setRewards(rewards.with(at, 1 - reward));
            }}
          >
            {reward}
          </button>
        ))}
      </p>
      <svg
        viewBox="0 0 320 84"
        role="img"
        aria-label={`advantages ${(advantages ?? []).map(formatValue).join(', ')}`}
      >
        <line x1="0" x2="320" y1="42" y2="42" className="axis" />
        {(advantages ?? []).map((advantage, at) => (
          <rect
            key={at}
            x={at * 40 + 8}
            width="24"
            y={advantage > 0 ? 42 - 16 * advantage : 42}
            height={Math.abs(16 * advantage)}
            className={advantage > 0 ? 'better' : 'worse'}
          />
        ))}
      </svg>
      <output>
        {(advantages ?? []).every((advantage) => advantage === 0)
          ? 'All rewards are equal: no advantage, no gradient. A unanimous vote teaches nothing.'
          : `Advantages ${(advantages ?? []).map((advantage) => withMinus(advantage.toFixed(2))).join('  ')}`}
      </output>
    </div>
  );
}

const logits = [2.2, 1.4, 0.6, 0, -0.8];

/** Entropy of softmax(logits / T). */
export function EntropyFigure() {
  const [temperature, setTemperature] = useState(1.1);
  const weights = logits.map((logit) => Math.exp(logit / temperature));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const shares = weights.map((weight) => weight / sum);
  const entropy = -shares.reduce((all, share) => all + share * Math.log(share), 0);
  return (
    <div className="guide-figure">
      <Slider
        label="Temperature T"
        min={0.1}
        max={3}
        step={0.1}
        value={temperature}
        onChange={setTemperature}
      />
      <svg viewBox="0 0 320 84" role="img" aria-label={`probabilities ${shares.map(formatValue).join(', ')}`}>
        {shares.map((share, at) => (
          <rect
            key={at}
            x={at * 64 + 10}
            width="44"
            y={80 - 76 * share}
            height={76 * share}
            className="better"
          />
        ))}
      </svg>
      <output>{`Entropy ${entropy.toFixed(2)} nats, of at most ${Math.log(logits.length).toFixed(2)}`}</output>
    </div>
  );
}

const entropies = [0.02, 0.19, 0.22, 0.25, 0.27, 0.3, 0.33, 0.36, 0.41, 0.52];

/** Rollouts that the filter drops, by rl/filter. */
export function FilterFigure() {
  const [factor, setFactor] = useState(0.75);
  const group: Group = {
    prompt: '',
    rollouts: entropies.map((meanEntropy): Rollout => ({
      source: 'policy',
      tokens: [],
      truncated: false,
      answer: null,
      logProbs: new Float32Array(),
      entropies: new Float32Array(),
      selfCertainty: 0,
      meanEntropy,
    })),
  };
  const { kept, threshold } = interquartile(group, { ...defaultSettings, iqrFactor: factor });
  const [q1, q3] = [quantile(entropies, 0.25), quantile(entropies, 0.75)];
  const x = (entropy: number): number => 16 + Math.max(-0.02, entropy) * 540;
  return (
    <div className="guide-figure">
      <Slider label="IQR factor k" min={0} max={3} step={0.05} value={factor} onChange={setFactor} />
      <svg
        viewBox="0 0 320 60"
        role="img"
        aria-label={`${kept.filter((each) => !each).length} rollouts dropped`}
      >
        <rect className="quartiles" x={x(q1)} width={x(q3) - x(q1)} y="16" height="24" />
        <line className="axis" x1="6" x2="314" y1="28" y2="28" />
        <line className="threshold" x1={x(threshold)} x2={x(threshold)} y1="8" y2="48" />
        {entropies.map((entropy, at) => (
          <circle key={at} cx={x(entropy)} cy="28" r="5" className={kept[at] === true ? 'better' : 'worse'} />
        ))}
        <text x={x(q1)} y="56" textAnchor="middle">
          Q1
        </text>
        <text x={x(q3)} y="56" textAnchor="middle">
          Q3
        </text>
      </svg>
      <output>{`Threshold ${threshold.toFixed(3)} nats: ${kept.filter((each) => !each).length} of ${kept.length} dropped`}</output>
    </div>
  );
}

/** Steps of the anchor's figure, and where the policy jumps. */
const [anchorSteps, jump] = [300, 60];

/** The anchor of a policy that jumps from 0 to 1, per step. */
function lagging(momentum: number): number[] {
  const anchors: number[] = [];
  for (let step = 0; step < anchorSteps; step++) {
    anchors.push(momentum * (anchors.at(-1) ?? 0) + (1 - momentum) * (step >= jump ? 1 : 0));
  }
  return anchors;
}

/** How an anchor follows a policy that jumps. */
export function AnchorFigure() {
  const [nines, setNines] = useState(2);
  const momentum = 1 - 10 ** -nines;
  const points = lagging(momentum).map((anchor, step) => `${(step / anchorSteps) * 320} ${76 - 68 * anchor}`);
  const at = (jump / anchorSteps) * 320;
  return (
    <div className="guide-figure">
      <Slider
        label="Momentum m"
        min={0.5}
        max={3.5}
        step={0.25}
        value={nines}
        shown={momentum.toPrecision(3)}
        onChange={setNines}
      />
      <svg viewBox="0 0 320 84" role="img" aria-label="The anchor follows the policy's jump">
        <path className="line" d={`M0 76H${at}V8H320`} />
        <path className="line dashed" d={`M${points.join('L')}`} />
      </svg>
      <output>{`The anchor has gone half of the way after ${Math.round(anchorHalfLife(momentum))} steps`}</output>
    </div>
  );
}

interface SliderProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly value: number;
  readonly shown?: string;
  readonly onChange: (value: number) => void;
}

/** A labelled slider with its value. */
export function Slider({ label, min, max, step, value, shown = formatValue(value), onChange }: SliderProps) {
  const id = useId();
  return (
    <p className="guide-slider">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={shown}
        onChange={(event) => {
          onChange(Number(event.target.value));
        }}
      />
      <output htmlFor={id}>{shown}</output>
    </p>
  );
}
