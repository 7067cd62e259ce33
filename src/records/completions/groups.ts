import { plurality } from '../../rl/vote.ts';
import { type Found, findAnswers } from './answers.ts';
import type { Completion } from './completion.ts';

/** A completion with its answer; null where none was found. */
export interface Answered extends Completion {
  readonly found: string | null;
}

/** A run's completions by step and prompt. */
export interface Grouped {
  /** Steps ascending; the groups of each in the order of the files. */
  readonly batches: readonly { readonly step: number; readonly groups: readonly (readonly Answered[])[] }[];
  /** How many there are. */
  readonly count: number;
  /** How many completions of a prompt lie one after another; null where prompts alone make the groups. */
  readonly size: number | null;
  /** How answers were found; null where no form was. */
  readonly found: Found | null;
}

/**
 * The completions of a run in their groups, with their answers.
 * @param wanted form of the answers, as in `findAnswers`
 * @throws LabError for a form that is none
 */
export function groupedCompletions(completions: readonly Completion[], wanted?: string): Grouped {
  const found = findAnswers(completions, wanted);
  const steps = new Map<number, Answered[]>();
  completions.forEach((completion, index) => {
    const answered = { ...completion, found: found?.answers[index] ?? null };
    const same = steps.get(completion.step);
    if (same === undefined) steps.set(completion.step, [answered]);
    else same.push(answered);
  });
  const ordered = [...steps].sort(([a], [b]) => a - b);
  const size = groupSize(ordered.map(([, batch]) => batch));
  const batches = ordered.map(([step, batch]) => ({ step, groups: groupsOf(batch, size) }));
  return { batches, count: completions.length, size, found };
}

/** A prompt of a step and what was answered to it, as the page shows it. */
export interface CompletionGroup {
  readonly step: number;
  /** Its place among those of its step, from 0, and how many there are. */
  readonly index: number;
  readonly prompts: number;
  readonly prompt: string;
  /** The most frequent answer. */
  readonly pseudoLabel: string | null;
  /** Of all completions of the prompt, [G]. */
  readonly answers: readonly (string | null)[];
  /** The first of them; NaN where the files say nothing. */
  readonly completions: readonly {
    readonly text: string;
    readonly answer: string | null;
    readonly reward: number;
    readonly advantage: number;
    readonly rewards: Readonly<Record<string, number>>;
  }[];
}

/** Most completions of a prompt that are shown. */
export const mostShown = 64;

/**
 * One group of a step, the nearest before it where it has none.
 * @param at what to show: the newest step without one; the index is taken round
 * @returns null where there are no completions
 */
export function groupAt(
  { batches }: Grouped,
  at: { readonly step: number | null; readonly index: number },
): CompletionGroup | null {
  const { step } = at;
  const batch =
    step === null ? batches.at(-1) : (batches.findLast((each) => each.step <= step) ?? batches[0]);
  if (batch === undefined) return null;
  const prompts = batch.groups.length;
  const index = ((at.index % prompts) + prompts) % prompts;
  const group = batch.groups[index] ?? [];
  const answers = group.map(({ found }) => found);
  return {
    step: batch.step,
    index,
    prompts,
    prompt: group[0]?.prompt ?? '',
    pseudoLabel: plurality(answers).answer,
    answers,
    completions: group.slice(0, mostShown).map(({ completion, found, reward, advantage, rewards }) => ({
      text: completion,
      answer: found,
      reward,
      advantage,
      rewards,
    })),
  };
}

/**
 * How many completions of a prompt lie one after another; null where files don't keep them together. Two groups of one
 * prompt may be neighbours: the largest number that all stretches are multiples of.
 */
function groupSize(batches: readonly (readonly Completion[])[]): number | null {
  let size = 0;
  for (const batch of batches) {
    let stretch = 0;
    batch.forEach(({ prompt }, index) => {
      stretch++;
      if (batch[index + 1]?.prompt === prompt) return;
      size = divisor(size, stretch);
      stretch = 0;
    });
  }
  return size > 1 ? size : null;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

function groupsOf(batch: readonly Answered[], size: number | null): readonly (readonly Answered[])[] {
  if (size !== null) {
    return Array.from({ length: batch.length / size }, (_, i) => batch.slice(i * size, (i + 1) * size));
  }
  const groups = new Map<string, Answered[]>();
  for (const completion of batch) {
    const group = groups.get(completion.prompt);
    if (group === undefined) groups.set(completion.prompt, [completion]);
    else group.push(completion);
  }
  return [...groups.values()];
}
