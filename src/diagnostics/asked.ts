import { mean } from '../lib/stats.ts';
import { plurality } from '../rl/vote.ts';
import { pairShares } from './overlap.ts';

/** What a model said to one prompt. */
export interface AskedPrompt {
  /** One a completion; null where none was found. [G] */
  readonly answers: readonly (string | null)[];
  /** The right answer; null where none is known. */
  readonly solution: string | null;
  /** Of each completion's tokens, nats. [G][L] */
  readonly entropies: readonly Float32Array[];
  /** Completions that ended before they were cut off. */
  readonly ended: number;
}

/** The figures of one prompt. */
export interface PromptFigures {
  readonly vote: string | null;
  /** Completions that gave the vote's answer ÷ completions. */
  readonly agreement: number;
  readonly distinct: number;
  readonly noAnswer: number;
  /** Mean over all tokens, nats. */
  readonly entropy: number;
  /** Share of right completions, and whether the vote is right; NaN and null without a solution. */
  readonly accuracy: number;
  readonly voteRight: boolean | null;
}

export function promptFigures({ answers, solution, entropies }: AskedPrompt): PromptFigures {
  let [sum, tokens] = [0, 0];
  for (const each of entropies) {
    for (const entropy of each) sum += entropy;
    tokens += each.length;
  }
  const { answer, votes, distinct, parsed } = plurality(answers);
  return {
    vote: answer,
    agreement: votes / answers.length,
    distinct,
    noAnswer: (answers.length - parsed) / answers.length,
    entropy: sum / tokens,
    accuracy: solution === null ? NaN : mean(answers.map((each) => Number(each === solution))),
    voteRight: solution === null ? null : answer === solution,
  };
}

/** The figures of all prompts together. Those that need solutions are NaN where none is known. */
export interface AskedFigures {
  /** Mean share of the vote: what majority voting would pay. */
  readonly agreement: number;
  readonly unanimous: number;
  readonly noAnswer: number;
  /** Mean over prompts of the mean over tokens, nats. */
  readonly entropy: number;
  /** Mean tokens of a completion, and the share that was cut off. */
  readonly tokens: number;
  readonly truncated: number;
  /** Share of the votes that are the batch's most common one. */
  readonly topLabelShare: number;
  /** Of the prompts with a solution: share of right completions, of right votes, and of prompts with a right completion. */
  readonly accuracy: number;
  readonly voteAccuracy: number;
  readonly passAny: number;
  /** What majority voting would pay beyond what is right, over the prompts with a solution. */
  readonly selfDeception: number;
}

/** @param each the figures of each of the prompts */
export function askedFigures(
  prompts: readonly AskedPrompt[],
  each: readonly PromptFigures[] = prompts.map(promptFigures),
): AskedFigures {
  const completions = prompts.flatMap(({ entropies }) => entropies.map(({ length }) => length));
  const labels = each.map(({ vote }) => vote);
  const votes = plurality(labels);
  const solved = each.filter(({ voteRight }) => voteRight !== null);
  const accuracy = mean(solved.map((figures) => figures.accuracy));
  const over = (pick: (figures: PromptFigures) => number) => mean(each.map(pick));
  return {
    agreement: over(({ agreement }) => agreement),
    unanimous: over(({ agreement }) => Number(agreement === 1)),
    noAnswer: over(({ noAnswer }) => noAnswer),
    entropy: over(({ entropy }) => entropy),
    tokens: mean(completions),
    truncated: 1 - prompts.reduce((sum, { ended }) => sum + ended, 0) / completions.length,
    topLabelShare: votes.votes / votes.parsed,
    accuracy,
    voteAccuracy: mean(solved.map(({ voteRight }) => Number(voteRight))),
    passAny: mean(solved.map((figures) => Number(figures.accuracy > 0))),
    selfDeception: mean(solved.map(({ agreement }) => agreement)) - accuracy,
  };
}

/**
 * ρ = avg(C_qk) ÷ √(avg(C_qq)·avg(C_kk)) over prompts, each asked of two models; 1: they answer alike. NaN with fewer
 * than two completions a prompt, or while no two of one model agree.
 */
export function answerOverlap(
  ours: readonly Pick<AskedPrompt, 'answers'>[],
  theirs: readonly Pick<AskedPrompt, 'answers'>[],
): number {
  const shares = pairShares(
    ours.map(({ answers }, i) => ({ policy: answers, anchor: theirs[i]?.answers ?? [] })),
  );
  if (shares === null || !(shares.qq > 0 && shares.kk > 0)) return NaN;
  return shares.qk / Math.sqrt(shares.qq * shares.kk);
}
