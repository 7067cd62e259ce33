import type { SignName } from '../../diagnostics/signal.ts';

/** Something to try against a sign, and where the advice comes from. */
export interface Remedy {
  readonly what: string;
  /** Settings of the lab that show it, as its address has them; null where the lab has nothing like it. */
  readonly query: string | null;
  /** What the link shows, or why there is none. */
  readonly source: string;
}

const lower: Remedy = {
  what: 'A third of the learning rate, from a checkpoint before it began.',
  query: 'preset=try-learning-rate',
  source:
    'In the lab it delayed the collapse on one task, and held for 3,000 steps on another (docs/results.md, finding 8).',
};
const anchor: Remedy = {
  what: 'Where the model votes for its own reward: let a slow copy of it (momentum .99) give half of the votes.',
  query: 'preset=duel',
  source: 'arXiv 2512.13070; in the lab it held on 8 of 8 seeds, with a quarter of the votes on none of 3.',
};
const back: Remedy = {
  what: 'Go back to a checkpoint before the alarm, and go on at half the rate.',
  query: 'preset=guarded-srt',
  source: 'In the lab a guard that does this kept 8 of 8 runs from collapsing in 400 steps.',
};
const truth: Remedy = {
  what: 'Hold prompts with known answers out of training, and log how many are solved: reward alone can’t tell learning from agreement.',
  query: 'preset=entropy',
  source: 'The lab draws both: the reward goes to 1 while the accuracy goes to 0.',
};
const groups: Remedy = {
  what: 'Larger groups, or prompts that some completions solve and others don’t: equal rewards teach nothing.',
  query: 'preset=try-group-size',
  source: 'Dynamic sampling of DAPO, arXiv 2503.14476; the link compares groups of 8 and 32 in the lab.',
};
const reward: Remedy = {
  what: 'Read ten completions with their rewards: an answer that isn’t parsed, a wrong end token or too low a limit pay 0 to everybody.',
  query: null,
  source: 'No run of the lab: what was wrong in the dead runs that these rules were tried on.',
};
const rate: Remedy = {
  what: 'Look at the learning rate: 1e-6 for all weights and 1e-5 for LoRA are usual for language models.',
  query: null,
  source:
    'Defaults and recipes of TRL and verl; the lab’s small models take rates a thousand times as large.',
};
const clip: Remedy = {
  what: 'Clip the gradient’s norm (0.1 to 1), and train in bfloat16 or float32, not float16.',
  query: null,
  source: 'Trainers’ documentation; nothing that the lab measured.',
};
const klPenalty: Remedy = {
  what: 'A penalty for the distance from the reference (β of .001 to .04), or fewer updates a batch.',
  query: 'preset=duel&klCoefficient=0.04',
  source: 'arXiv 2402.03300; the link trains with .04 in the lab.',
};
const limit: Remedy = {
  what: 'Raise the limit of tokens, or leave cut completions out of the loss.',
  query: null,
  source: 'Overlong filtering of DAPO, arXiv 2503.14476; nothing that the lab measured.',
};
const explore: Remedy = {
  what: 'Raise the upper clip range (.28 instead of .2) or add an entropy bonus, before entropy is gone.',
  query: 'preset=duel&updatesPerBatch=2&clipHigh=0.28',
  source: 'Clip-higher of DAPO, arXiv 2503.14476; the link trains so in the lab, with two updates a batch.',
};

/** Two or three things to try for each sign, the likeliest first. */
export const remedies: Readonly<Record<SignName, readonly Remedy[]>> = {
  'not finite': [back, rate, clip],
  'no gradient': [reward, groups],
  floor: [reward, groups],
  rate: [rate, back],
  'reward fell': [back, lower],
  overlap: [anchor, back],
  'one answer': [anchor, truth],
  'no answer': [back, limit],
  sharpened: [truth, explore, anchor],
  babble: [back, lower, klPenalty],
  far: [klPenalty, lower],
  steep: [clip, lower],
  limit: [limit, back],
  endless: [reward, limit],
  short: [truth, back],
  flat: [reward, groups],
  truth: [anchor, back, truth],
};
