import { mean } from '../lib/stats.ts';
import type { Rollout, RolloutSource } from '../spec/group.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import type { EarlierVote, PromptFlags, ShownGroup, ShownRollout } from './protocol.ts';
import type { StepDecisions } from '../trainer/decide.ts';
import type { WeighedTokens } from '../trainer/trainer.ts';

/** Numbers kept of each rollout, before those of its tokens: length, truncated, kept, votes, reward, advantage. */
const heads = 6;

/** The rollouts of a step, packed: a tenth of the memory that the objects need. */
export interface RecordedStep {
  readonly step: number;
  readonly prompts: readonly {
    readonly prompt: string;
    readonly solution: string | null;
    readonly pseudoLabel: string | null;
    readonly threshold: number;
    readonly iqr: number;
    readonly agreement: number;
    /** Rollouts of the pool, the policy's first; watched ones of the shadow anchor last. */
    readonly counts: Readonly<Record<ShownRollout['source'], number>>;
  }[];
  /** All completions one after another. */
  readonly tokens: Uint32Array;
  /** Per rollout its `heads`, then entropy and log-probability of each of its tokens. */
  readonly numbers: Float32Array;
  /** What the update made of the tokens of the rollouts it learned from; null where that is not known. */
  readonly learned: WeighedTokens | null;
}

/** Packs what a step decided. Rewards of the anchor's rollouts and advantages of skipped groups are NaN. */
export function recordStep(
  step: number,
  decisions: StepDecisions,
  learned: WeighedTokens | null = null,
): RecordedStep {
  const { groups, shadow, problems, filters, voters, labels, rewards, advantages } = decisions;
  const pools = groups.map(({ rollouts }, b) => [...rollouts, ...(shadow[b] ?? [])]);
  const tokens = Uint32Array.from(pools.flat().flatMap((rollout) => rollout.tokens));
  const numbers = new Float32Array(pools.flat().length * heads + 2 * tokens.length);
  let at = 0;
  pools.forEach((pool, b) => {
    pool.forEach((rollout, i) => {
      const ofPolicy = rollout.source === 'policy';
      numbers[at++] = rollout.tokens.length;
      numbers[at++] = Number(rollout.truncated);
      numbers[at++] = Number(filters[b]?.kept[i] ?? true);
      numbers[at++] = Number(voters[b]?.[i] ?? false);
      numbers[at++] = ofPolicy ? (rewards[b]?.[i] ?? NaN) : NaN;
      numbers[at++] = ofPolicy ? (advantages[b]?.[i] ?? NaN) : NaN;
      numbers.set(rollout.entropies, at);
      numbers.set(rollout.logProbs, at + rollout.tokens.length);
      at += 2 * rollout.tokens.length;
    });
  });
  return {
    step,
    prompts: groups.map(({ prompt, rollouts }, b) => ({
      prompt,
      solution: problems[b]?.solution ?? null,
      pseudoLabel: labels[b]?.answer ?? null,
      threshold: filters[b]?.threshold ?? NaN,
      iqr: filters[b]?.iqr ?? NaN,
      agreement: labels[b]?.agreement ?? NaN,
      counts: { ...countsOf(rollouts), shadow: shadow[b]?.length ?? 0 },
    })),
    tokens,
    numbers,
    learned,
  };
}

/** Bytes that recorded steps hold. */
export function recordedBytes(steps: readonly RecordedStep[]): number {
  // Prompts and their figures take some 200 bytes each as objects.
  return steps.reduce(
    (sum, { tokens, numbers, prompts, learned }) =>
      sum +
      tokens.byteLength +
      numbers.byteLength +
      3 * (learned?.losses.byteLength ?? 0) +
      200 * prompts.length,
    0,
  );
}

/**
 * One prompt of a recorded step as the page shows it, with what is to be said of the others.
 * @param index of the prompt; the last one where there are not so many
 * @param reader the task that parses, and the tokenizer of the model that sampled
 * @param others recorded steps of the same run, oldest first
 */
export function shownGroup(
  recorded: RecordedStep,
  index: number,
  reader: Reader,
  others: readonly RecordedStep[] = [],
): ShownGroup | null {
  const groups = unpack(recorded, reader);
  const at = Math.min(index, groups.length - 1);
  const prompt = recorded.prompts[at];
  const rollouts = groups[at];
  if (prompt === undefined || rollouts === undefined) return null;
  return {
    step: recorded.step,
    prompt: prompt.prompt,
    index: at,
    flags: recorded.prompts.map((each, b) => flagsOf(each, groups[b] ?? [])),
    pseudoLabel: prompt.pseudoLabel,
    solution: prompt.solution,
    threshold: prompt.threshold,
    iqr: prompt.iqr,
    rollouts,
    earlier: earlierVotes(prompt.prompt, recorded.step, others),
  };
}

/** As many as fit beside a vote. */
const mostEarlier = 12;

function earlierVotes(prompt: string, step: number, recorded: readonly RecordedStep[]): EarlierVote[] {
  const votes: EarlierVote[] = [];
  for (let at = recorded.length - 1; at >= 0 && votes.length < mostEarlier; at--) {
    const other = recorded[at];
    if (other === undefined || other.step >= step) continue;
    const index = other.prompts.findIndex((each) => each.prompt === prompt);
    const found = other.prompts[index];
    if (found === undefined) continue;
    const { pseudoLabel, solution, agreement } = found;
    const right = pseudoLabel === null || solution === null ? null : pseudoLabel === solution;
    votes.push({ step: other.step, index, pseudoLabel, agreement, right });
  }
  return votes;
}

interface Reader {
  readonly task: Task;
  readonly tokenizer: Tokenizer;
}

function flagsOf(
  { solution, pseudoLabel, agreement }: RecordedStep['prompts'][number],
  rollouts: readonly ShownRollout[],
): PromptFlags {
  const pool = rollouts.filter(({ source }) => source !== 'shadow');
  return {
    wrongWinner: solution !== null && pseudoLabel !== null && pseudoLabel !== solution,
    unanimous: agreement === 1,
    pruned: pool.some(({ kept }) => !kept),
    truncated: pool.some(({ truncated }) => truncated),
  };
}

function unpack(
  { prompts, tokens, numbers, learned }: RecordedStep,
  { task, tokenizer }: Reader,
): ShownRollout[][] {
  let at = 0;
  let token = 0;
  // Tokens and completions that the update learned from so far.
  let [trained, completions] = [0, 0];
  const next = (source: ShownRollout['source'], prompt: string): ShownRollout => {
    const [length = 0, truncated, kept, votes, reward = NaN, advantage = NaN] = numbers.subarray(
      at,
      at + heads,
    );
    at += heads;
    const entropies = [...numbers.subarray(at, at + length)];
    const logProbs = [...numbers.subarray(at + length, at + 2 * length)];
    at += 2 * length;
    // The update saw the kept rollouts of the policy, of groups that were not skipped, in this order.
    const saw = learned !== null && source === 'policy' && kept === 1 && !Number.isNaN(advantage);
    const first = trained;
    const weight = learned?.weights[completions] ?? NaN;
    if (saw) [trained, completions] = [trained + length, completions + 1];
    const pieces = tokenizer.pieces(tokens.subarray(token, (token += length)));
    return {
      source,
      pieces,
      answer: truncated === 1 ? null : task.parseAnswer(pieces.join(''), prompt),
      truncated: truncated === 1,
      reward: source === 'policy' ? reward : null,
      advantage: source === 'policy' ? advantage : null,
      meanEntropy: mean(entropies),
      entropies,
      logProbs,
      kept: kept === 1,
      votes: votes === 1,
      ...(saw
        ? {
            learned: Array.from({ length }, (_, t) => ({
              ratio: learned.ratios[first + t] ?? NaN,
              k3: learned.k3[first + t] ?? NaN,
              loss: learned.losses[first + t] ?? NaN,
              weight,
            })),
          }
        : {}),
    };
  };
  return prompts.map(({ prompt, counts }) => {
    const take = (count: number, source: ShownRollout['source']): ShownRollout[] =>
      Array.from({ length: count }, () => next(source, prompt));
    return [
      ...take(counts.policy, 'policy'),
      ...take(counts.voter, 'voter'),
      ...take(counts.anchor, 'anchor'),
      ...take(counts.shadow, 'shadow'),
    ];
  });
}

function countsOf(rollouts: readonly Rollout[]): Record<RolloutSource, number> {
  const counts = { policy: 0, voter: 0, anchor: 0 };
  for (const { source } of rollouts) counts[source]++;
  return counts;
}
