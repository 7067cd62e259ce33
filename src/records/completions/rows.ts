import { deadBecause, deadMetrics, labelMetrics, poolMetrics } from '../../diagnostics/votes.ts';
import { repetition } from '../../diagnostics/repetition.ts';
import { Visits } from '../../diagnostics/visits.ts';
import { finite, mean, standardDeviation } from '../../lib/stats.ts';
import { plurality } from '../../rl/vote.ts';
import type { MetricRow } from '../../spec/metrics.ts';
import type { Found } from './answers.ts';
import type { Completion } from './completion.ts';
import { type Answered, type Grouped, groupedCompletions } from './groups.ts';

/** What completions tell of a run. */
export interface CompletionRows {
  /** Steps ascending. */
  readonly rows: readonly Partial<MetricRow>[];
  /** Sentences about what was read, and how. */
  readonly notes: readonly string[];
}

/**
 * The lab's vote metrics of a run, a row a step, read from its completions.
 * @param wanted form of the answers, as in `findAnswers`
 * @throws LabError for a form that is none
 */
export function rowsOfCompletions(completions: readonly Completion[], wanted?: string): CompletionRows {
  return rowsOfGroups(groupedCompletions(completions, wanted));
}

/** The same of completions that are grouped. */
export function rowsOfGroups({ batches, count, size, found }: Grouped): CompletionRows {
  const visits = new Visits();
  const rows = batches.map(({ step, groups }): Partial<MetricRow> => {
    const batch = groups.flat();
    return measured({
      step,
      ...(found === null ? {} : votesOf(groups, visits)),
      ...deadMetrics(groups.map((group) => deadOf(group, found !== null))),
      'reward/mean': mean(batch.map(({ reward }) => reward)),
      'reward/std': mean(finite(groups.map((group) => standardDeviation(group.map(({ reward }) => reward))))),
      'completion/repetition': mean(finite(batch.map(({ completion }) => repetition(words(completion))))),
    });
  });
  return { rows, notes: notesOf(count, batches.length, size, found) };
}

function votesOf(groups: readonly (readonly Answered[])[], visits: Visits): Partial<MetricRow> {
  const pools = groups.map((group) => group.map(({ found }) => found));
  const visited = groups.map((group, i) => ({ prompt: group[0]?.prompt ?? '', answers: pools[i] ?? [] }));
  return { ...poolMetrics(pools), ...labelMetrics(pools.map(plurality)), ...visits.add(visited) };
}

/** A row of what was measured. */
function measured(row: Partial<MetricRow>): Partial<MetricRow> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => !Number.isNaN(value)));
}

/** Why a group gives no gradient: from its advantages, else from its rewards; undefined where there are neither. */
function deadOf(group: readonly Answered[], answers: boolean): ReturnType<typeof deadBecause> {
  const [first] = group;
  const total = ({ reward, rewards }: Completion): number =>
    Number.isNaN(reward) ? Object.values(rewards).reduce((sum, each) => sum + each, 0) : reward;
  if (first === undefined) return null;
  const paid = total(first);
  const advantages = group.map((each) =>
    Number.isNaN(each.advantage) ? Number(total(each) !== paid) : Number(Math.abs(each.advantage) > nothing),
  );
  const dead = advantages.every((advantage) => advantage === 0);
  const silent = answers && dead && group.every(({ found }) => found === null);
  return deadBecause(paid, silent ? null : advantages);
}

/** Equal rewards less their mean, in single precision. */
const nothing = 1e-6;

/** Words and signs of a text, by number: files have no tokens. */
function words(text: string): readonly number[] {
  const numbers = new Map<string, number>();
  return (text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? []).map((word) => {
    const number = numbers.get(word) ?? numbers.size;
    numbers.set(word, number);
    return number;
  });
}

function notesOf(count: number, steps: number, size: number | null, found: Found | null): readonly string[] {
  const groups = size === null ? 'grouped by their prompts' : `${size} of each prompt`;
  return [
    `${count.toLocaleString('en-US')} completions of ${steps} ${steps === 1 ? 'step' : 'steps'}, ${groups}.`,
    found === null
      ? 'No form of answer is found in a fifth of them: votes are not counted.'
      : `Answers are found ${found.form}, in ${Math.round(100 * found.share)} % of them.`,
  ];
}
