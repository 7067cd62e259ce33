import type { Log, LogColumn, LogOutline } from './log.ts';
import { guessMapping, type Mapping } from './mapping.ts';

/** Names that only a trainer with a reward logs, whatever it puts before them. */
const ofRewards = [
  /^rewards?$/,
  /^(mean_)?reward_(std|mean)$/,
  /^frac_reward_zero_std$/,
  /^rewards?\/(?!chosen|rejected|margins|accuracies)/,
  /^critic\/(score|rewards|advantages|returns)/,
  /^(completions?|response_length|objective|rollout|actor)\//,
  /^(completion|response)_length/,
];

/** Names that give another kind of training away, and what it is. */
const others: readonly { readonly what: string; readonly names: readonly RegExp[] }[] = [
  {
    what: 'preference training (DPO, KTO and their kin)',
    names: [
      /^rewards\/(margins|accuracies|chosen|rejected)$/,
      /^logps\/(chosen|rejected)$/,
      /^log_odds_ratio$/,
    ],
  },
  { what: 'reward modelling', names: [/^(min|mean|max)_reward$/, /^margin$/] },
  { what: 'supervised training', names: [/^(mean_)?token_acc(uracy)?$/, /^perplexity$|^ppl$/] },
];

/** The name without what W&B, transformers and others put before it. */
function bare(name: string): string {
  return name.toLowerCase().replace(/^(train|eval|val|test)[/_](?=.)/, '');
}

/**
 * What a log says that is no log of reinforcement learning, and the columns that give it away; null where it may be
 * one. Trainers of other kinds log entropy or a KL, too.
 */
export function otherTraining({ columns }: LogOutline): { what: string; columns: readonly string[] } | null {
  const names = columns.map(({ name }) => ({ name, bare: bare(name) }));
  if (names.some((each) => ofRewards.some((pattern) => pattern.test(each.bare)))) return null;
  for (const { what, names: patterns } of others) {
    const found = names.filter((each) => patterns.some((pattern) => pattern.test(each.bare)));
    if (found.length > 0) return { what, columns: found.map(({ name }) => name) };
  }
  return null;
}

/** Words that stand for being right in the names of reward functions; a format that is right is not meant. */
const right = /(^|[^a-z])(correct(ness)?|accuracy|acc|exact_match|solved)([^a-z]|$)/;
const notRight = /format|std|token|top_?label/;

/**
 * What the columns of a log are taken for: by their names; and what is truly right where it is logged beside another
 * reward, as TRL does with reward functions of weight 0.
 */
export function guessed(log: Log): { readonly guess: Mapping; readonly truth: string | null } {
  const guess = guessMapping(log);
  const truth = truthBeside(log, guess);
  if (truth === null || guess['truth/accuracy'] !== undefined) return { guess, truth };
  return { guess: { ...guess, 'truth/accuracy': { column: truth, percent: false } }, truth };
}

/** The column of what is right: within 0 to 1, and not what is paid. Null where there is none, or more than one. */
function truthBeside({ columns }: Log, mapping: Mapping): string | null {
  const reward = columns.find(({ name }) => name === mapping['reward/mean']?.column);
  if (reward === undefined) return null;
  const paid = isSum(reward, columns);
  const named = mapping['truth/accuracy']?.column;
  const taken = new Set(Object.values(mapping).map(({ column }) => column));
  const found = columns.filter(
    (column) =>
      (named === undefined
        ? !taken.has(column.name) && isRight(column.name.toLowerCase())
        : column.name === named) &&
      !(paid && ofFunction.test(column.name)) &&
      column.least >= 0 &&
      column.greatest <= 1 &&
      differs(column, reward),
  );
  return found.length === 1 ? (found[0]?.name ?? null) : null;
}

function isRight(name: string): boolean {
  return !/^(eval|val|test)[/_]/.test(name) && right.test(name) && !notRight.test(name);
}

/** What a reward function gave. */
const ofFunction = /^(train\/)?rewards\/.*(?<!std)$/;

/** Whether the reward is the sum of all that reward functions give, so that a column of them is paid. */
function isSum(reward: LogColumn, columns: readonly LogColumn[]): boolean {
  const parts = columns.filter(({ name }) => ofFunction.test(name));
  let [both, apart] = [0, 0];
  reward.values.forEach((paid, row) => {
    const sum = parts.reduce((total, { values }) => total + (values[row] ?? NaN), 0);
    if (Number.isNaN(sum) || Number.isNaN(paid)) return;
    both++;
    if (Math.abs(sum - paid) > 0.01 * Math.max(1, Math.abs(paid))) apart++;
  });
  return both > 0 && apart <= 0.1 * both;
}

/** Whether a column is at times another than the reward, in the rows that have both, and is there in most of them. */
function differs(column: LogColumn, reward: LogColumn): boolean {
  let [both, apart] = [0, 0];
  column.values.forEach((value, row) => {
    const paid = reward.values[row] ?? NaN;
    if (Number.isNaN(value) || Number.isNaN(paid)) return;
    both++;
    if (Math.abs(value - paid) > 1e-6) apart++;
  });
  return both >= 0.5 * reward.count && apart > 0;
}
