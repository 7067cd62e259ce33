import { overlapZones, percent, readable, type Signal } from './signal.ts';

/** Two digits at least, so that figures which differ enough for an alarm differ in print. */
function figure(value: number, decimals: number): string {
  const tooSmall = value !== 0 && Math.abs(value) < 10 ** (1 - decimals);
  return tooSmall ? value.toPrecision(2) : value.toFixed(decimals);
}

/** "a fiftieth" in figures: 1/48; a whole number, two digits of it. */
function part(value: number, start: number): string {
  return value > 0 ? `1/${readable(Number((start / value).toPrecision(2))).replace(/\.0$/, '')}` : 'nothing';
}

/**
 * Every rule of the early warning, the strongest first of those that hold for the same runs. The lab's levels were
 * chosen on its own recorded runs (docs/early-warning.md); those of any run are relative to that run, or beyond what
 * any healthy one does (docs/watch.md). Falling entropy is no rule of the lab's: it falls in healthy runs too.
 */
export const signals: readonly Signal[] = [
  {
    name: 'not finite',
    metric: 'optim/grad_norm',
    holds: 'any',
    steps: 1,
    compared: 'not finite',
    // One column in one row may be a step that mixed precision skips.
    amber: 0,
    red: 1.5,
    alone: true,
    alarm: ({ names, since }) => `Not finite since step ${since}: ${names}`,
  },
  {
    name: 'no gradient',
    metric: 'reward/zero_std_groups',
    holds: 'any',
    steps: 1,
    compared: 'dead rows',
    amber: 7.5,
    red: 15.5,
    alone: true,
    tempered: { 'reward rose': 'amber', 'accuracy held': 'nothing' },
    doubt: {
      'reward rose': 'Solved, or agreed on one answer: only accuracy on held-out prompts would tell',
    },
    alarm: ({ value, since, names }) =>
      names === ''
        ? `${value >= 0.9995 ? 'No' : 'Hardly a'} group has had a gradient since step ${since}: their rewards are equal, and nothing is learned`
        : `The ${names} has been exactly 0 since step ${since}: nothing is learned`,
  },
  {
    name: 'floor',
    metric: 'reward/mean',
    holds: 'any',
    steps: 1,
    compared: 'floor rows',
    amber: 7.5,
    red: 15.5,
    alone: true,
    tempered: { 'reward rose': 'amber' },
    alarm: ({ value, start, since }) =>
      value === start
        ? `The reward has been ${readable(value)} in every row: where it never differs nothing is learned`
        : `The reward has stood at its lowest, ${readable(value)}, since step ${since}`,
  },
  {
    name: 'rate',
    metric: 'optim/lr',
    holds: 'any',
    steps: 1,
    compared: 'value',
    amber: 0.1,
    red: 10,
    beside: 0.1,
    alone: false,
    alarm: ({ value }) => `The learning rate is ${readable(value)}`,
  },
  {
    name: 'reward fell',
    metric: 'reward/mean',
    holds: 'any',
    steps: 10,
    compared: 'lost',
    amber: 0.5,
    red: 0.9,
    alone: true,
    alarm: ({ value, start }) =>
      `The reward has fallen to ${readable(value)}, from ${readable(start)} at its best`,
  },
  {
    name: 'overlap',
    metric: 'vote/answer_overlap',
    holds: 'both',
    steps: 1,
    compared: 'value',
    ...overlapZones,
    alone: true,
    alarm: ({ value }) =>
      `Policy and anchor answer alike ${percent(value)} as often as each does with itself`,
    // Above 1 is the luck of few samples: no share is that large.
    calm: ({ value }) =>
      `Policy and anchor answer alike ${value > 1 ? 'at least' : percent(value)} as often as each does with itself`,
  },
  {
    name: 'one answer',
    metric: 'vote/top_label_share',
    holds: 'both',
    steps: 10,
    compared: 'rise',
    amber: 0.3,
    red: 0.5,
    alone: true,
    alarm: ({ value, start }) =>
      `One answer is given to ${percent(value)} of the prompts, ${percent(start)} at the start`,
    calm: ({ value, start }) =>
      `The most common answer is given to ${percent(value)} of the prompts, ${percent(start)} at the start`,
  },
  {
    name: 'no answer',
    metric: 'vote/no_answer',
    holds: 'both',
    steps: 10,
    compared: 'rise',
    amber: 0.2,
    red: 0.4,
    alone: true,
    alarm: ({ value, start }) =>
      `${percent(value)} of the completions have no answer, ${percent(start)} at the start`,
    calm: ({ value, start }) =>
      `${percent(1 - value)} of the completions have an answer, ${percent(1 - start)} at the start`,
  },
  {
    name: 'limit',
    metric: 'completion/truncated',
    holds: 'lab',
    steps: 10,
    compared: 'rise',
    amber: 0.2,
    red: 0.4,
    alone: true,
    alarm: ({ value, start }) =>
      `${percent(value)} of the completions run into the limit, ${percent(start)} at the start`,
    calm: ({ value, start }) =>
      `${percent(1 - value)} of the completions end before the limit, ${percent(1 - start)} at the start`,
  },
  {
    name: 'short',
    metric: 'completion/length',
    holds: 'lab',
    steps: 10,
    compared: 'ratio',
    amber: 0.7,
    red: 0.5,
    alone: true,
    alarm: ({ value, start }) =>
      `Completions have shrunk to ${figure(value, 1)} tokens, from ${figure(start, 1)} at the start`,
    calm: ({ value, start }) =>
      `Completions have ${figure(value, 1)} tokens, ${figure(start, 1)} at the start`,
  },
  {
    name: 'babble',
    metric: 'policy/entropy',
    holds: 'lab',
    steps: 10,
    compared: 'ratio',
    amber: 1.5,
    red: 2,
    alone: true,
    alarm: ({ value, start }) =>
      `Entropy has risen to ${figure(value, 2)} nats, from ${figure(start, 2)} at the start: the policy begins to babble`,
    calm: ({ value, start }) => `Entropy is ${figure(value, 2)} nats, ${figure(start, 2)} at the start`,
  },
  {
    name: 'no gradient',
    metric: 'reward/zero_std_groups',
    and: 'vote/unanimous',
    holds: 'lab',
    steps: 10,
    compared: 'value',
    amber: 0.9,
    red: 1,
    alone: false,
    alarm: ({ value, also }) =>
      `${percent(value)} of the prompts give no gradient, and ${percent(also)} are unanimous`,
    calm: ({ value, also }) =>
      `${percent(1 - value)} of the prompts give a gradient, and ${percent(also)} are unanimous`,
  },
  {
    name: 'far',
    metric: 'policy/kl_ref',
    holds: 'lab',
    steps: 10,
    compared: 'value',
    amber: 0.2,
    red: 0.3,
    alone: false,
    alarm: ({ value }) => `The policy is ${figure(value, 2)} nats per token away from the base`,
    calm: ({ value }) => `The policy is ${figure(value, 2)} nats per token away from the base`,
  },
  {
    name: 'sharpened',
    metric: 'policy/entropy',
    holds: 'any',
    steps: 5,
    compared: 'fallen',
    // A fortieth, and a thousandth; a twentieth where something else is wrong.
    amber: 1.6,
    red: 3,
    beside: 1.3,
    alone: false,
    tempered: { 'accuracy held': 'nothing' },
    doubt: {
      'reward rose': 'Solved, or agreed on one answer: only accuracy on held-out prompts would tell',
      'reward unknown':
        'It may have learned its task or have collapsed: without reward, KL and truncated completions this log can’t tell',
    },
    alarm: ({ value, start }) =>
      `Entropy has fallen to ${part(value, start)} of its start, from ${readable(start)} to ${readable(value)} nats: hardly anything is tried any more`,
  },
  {
    name: 'babble',
    metric: 'policy/entropy',
    holds: 'any',
    steps: 10,
    compared: 'ratio',
    amber: 2,
    red: 4,
    least: 1,
    alone: true,
    tempered: { 'reward rose': 'nothing', 'reward unknown': 'amber', 'accuracy held': 'nothing' },
    alarm: ({ value, start }) =>
      `Entropy has risen to ${readable(value)} nats, from ${readable(start)} at the start, while the reward has not`,
  },
  {
    name: 'far',
    metric: 'policy/kl_ref',
    holds: 'any',
    steps: 5,
    compared: 'grown',
    // A hundredfold, and to more than a nat a token; several thousandfold.
    amber: 2,
    red: 3.5,
    least: 1,
    alone: true,
    tempered: { 'reward rose': 'nothing', 'reward unknown': 'amber', 'accuracy held': 'nothing' },
    alarm: ({ value, start }) =>
      `KL has grown to ${readable(value)} nats, from ${readable(start)}, while the reward has not`,
  },
  {
    name: 'far',
    metric: 'policy/kl_ref',
    holds: 'any',
    steps: 5,
    compared: 'typical',
    amber: 100,
    red: 1e4,
    alone: true,
    alarm: ({ value }) => `KL is ${readable(value)} nats`,
  },
  {
    name: 'steep',
    metric: 'optim/grad_norm',
    holds: 'any',
    steps: 5,
    compared: 'grown',
    amber: 2,
    red: 3,
    least: 10,
    alone: true,
    tempered: { 'reward rose': 'amber' },
    alarm: ({ value, start }) =>
      `The gradient’s norm has grown to ${readable(value)}, from ${readable(start)} at the start`,
  },
  {
    name: 'steep',
    metric: 'optim/loss',
    holds: 'any',
    steps: 5,
    compared: 'grown',
    amber: 2,
    red: 4,
    least: 10,
    alone: true,
    tempered: { 'reward rose': 'amber' },
    alarm: ({ value, start }) =>
      `The loss has grown to ${readable(value)}, from ${readable(start)} at the start`,
  },
  {
    name: 'limit',
    metric: 'completion/truncated',
    holds: 'any',
    steps: 10,
    compared: 'rise',
    amber: 0.3,
    red: 0.5,
    alone: true,
    tempered: { 'reward rose': 'amber', 'reward unknown': 'amber' },
    alarm: ({ value, start }) =>
      `${percent(value)} of the completions run into the limit, ${percent(start)} at the start`,
  },
  {
    name: 'short',
    metric: 'completion/length',
    holds: 'any',
    steps: 10,
    compared: 'ratio',
    amber: 0.5,
    red: 0.25,
    alone: true,
    tempered: {
      'reward rose': 'nothing',
      'truncation fell': 'nothing',
      'reward unknown': 'amber',
      'accuracy held': 'nothing',
    },
    alarm: ({ value, start }) =>
      `Completions have shrunk to ${readable(value)} tokens, from ${readable(start)} at the start`,
  },
  {
    name: 'endless',
    metric: 'completion/truncated',
    holds: 'any',
    steps: 10,
    compared: 'value',
    amber: 0.95,
    red: 1,
    alone: false,
    second: true,
    alarm: ({ value }) =>
      `${value >= 0.9995 ? 'Every completion runs' : `${percent(value)} of the completions run`} into the limit`,
  },
  {
    name: 'far',
    metric: 'policy/kl_ref',
    holds: 'any',
    steps: 5,
    compared: 'grown',
    amber: 1,
    red: 2,
    least: 1,
    alone: false,
    second: true,
    alarm: ({ value, start }) => `KL has grown to ${readable(value)} nats, from ${readable(start)}`,
  },
  {
    name: 'flat',
    metric: 'reward/mean',
    holds: 'any',
    steps: 10,
    compared: 'flat',
    amber: 0,
    red: 1,
    alone: false,
    second: true,
    alarm: ({ value, start }) =>
      `The reward is no better than at the start, ${readable(value)} after ${readable(start)}`,
  },
];
