import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { type HyperparameterKey, hyperparameters, type Settings } from './hyperparameters.ts';
import { validateSettings } from './settings.ts';

/** One run of a lab: what a column of the page shows. */
export interface LaneSetup {
  readonly name: string;
  readonly settings: Settings;
}

export interface Preset {
  readonly title: string;
  /** What it claims. */
  readonly summary: string;
  readonly lanes: readonly LaneSetup[];
  /** Of a "Try this" card: the question it answers with two lanes that differ in this knob alone. */
  readonly card?: Card;
}

/** What a "Try this" card of the Guide asks. */
export interface Card {
  readonly question: string;
  readonly knob: HyperparameterKey;
}

type Layer = Partial<Settings>;

function lane(name: string, ...layers: readonly Layer[]): LaneSetup {
  return { name, settings: validateSettings(Object.assign({}, ...layers)) };
}

/** SRT beside the method, otherwise alike. */
function versus(...layers: readonly Layer[]): readonly LaneSetup[] {
  return [lane('SRT', ...layers, srt), lane('M-GRPO + IQR', ...layers, mgrpoIqr)];
}

/** A card: two lanes that differ in one knob, named after its values. */
function tryThis<Key extends HyperparameterKey>(
  knob: Key,
  values: readonly [Settings[Key], Settings[Key]],
  says: { readonly question: string; readonly summary: string },
  ...layers: readonly Layer[]
): Preset {
  const { label } = hyperparameters[knob];
  return {
    title: label,
    summary: says.summary,
    lanes: values.map((value) => lane(`${label} ${String(value)}`, ...layers, { [knob]: value })),
    card: { question: says.question, knob },
  };
}

const srt: Layer = { algorithm: 'srt' };
const mgrpoIqr: Layer = { algorithm: 'm-grpo-iqr' };
const guard: Layer = { guard: 'rollback' };

const entropy: Layer = { model: 'sort-32', learningRate: 1e-3, steps: 600 };
const duel: Layer = { model: 'sort-48', learningRate: 7e-4, steps: 400 };
const learn: Layer = { model: 'sort-64-early', learningRate: 2e-4, steps: 300 };
const add: Layer = { model: 'add-48', learningRate: 5e-4, steps: 200 };
/** A step of it costs a hundred times as much as one of the others, and so does an evaluation: fewer rollouts are held out. */
const words: Layer = {
  ...{ model: 'words-160', learningRate: 3e-4, steps: 200 },
  ...{ evalPrompts: 48, evalSamples: 3, evalMajorityPrompts: 0 },
};

/** Layers of differences from the defaults. */
export const presets = {
  entropy: {
    title: 'Entropy',
    summary:
      'The classic entropy collapse: SRT’s entropy and accuracy die, M-GRPO + IQR keeps both. The smallest model.',
    lanes: versus(entropy),
  },
  duel: {
    title: 'Duel',
    summary:
      'The same two at a gentler rate: SRT mostly rises before it falls, M-GRPO + IQR rises and stays.',
    lanes: versus(duel),
  },
  srt: {
    title: 'SRT',
    summary: 'Self-rewarded training alone: the policy votes for itself, and collapses.',
    lanes: [lane('SRT', duel, srt)],
  },
  'm-grpo': {
    title: 'M-GRPO',
    summary: 'Half of each group comes from the momentum anchor; no entropy filter.',
    lanes: [lane('M-GRPO', duel, { algorithm: 'm-grpo' })],
  },
  'm-grpo-paper': {
    title: 'M-GRPO, the paper’s share',
    summary:
      'A quarter of each group from the anchor, as in the paper: here it delays the collapse and does not prevent it.',
    lanes: [lane('M-GRPO + IQR, N = G/4', duel, mgrpoIqr, { anchorShare: 0.25 })],
  },
  'm-grpo-iqr': {
    title: 'M-GRPO + IQR',
    summary: 'Half of each group from the anchor, and rollouts of unusually low entropy left out.',
    lanes: [lane('M-GRPO + IQR', duel, mgrpoIqr)],
  },
  oracle: {
    title: 'Oracle',
    summary: 'GRPO with the true solutions as labels: what could be reached.',
    lanes: [lane('GRPO (oracle)', duel, { algorithm: 'grpo-oracle' })],
  },
  intuitor: {
    title: 'Intuitor',
    summary: 'Rewarded for its own certainty, the policy collapses within the first steps.',
    lanes: [lane('Intuitor', duel, { algorithm: 'intuitor', steps: 60 })],
  },
  'guarded-srt': {
    title: 'SRT with a guard',
    summary:
      'Self-rewarded training that goes back 20 steps and halves its learning rate when the early warning turns red.',
    lanes: [lane('SRT + guard', duel, srt, guard)],
  },
  cure: {
    title: 'Cure',
    summary: 'SRT, the same with a guard, and M-GRPO + IQR: two ways to prevent one collapse.',
    lanes: [
      lane('SRT', duel, srt),
      lane('SRT + guard', duel, srt, guard),
      lane('M-GRPO + IQR', duel, mgrpoIqr),
    ],
  },
  learn: {
    title: 'Learn',
    summary:
      'A base with room to learn: M-GRPO + IQR gains more and keeps its greedy answers, while those of SRT get worse.',
    lanes: versus(learn),
  },
  add: {
    title: 'Addition',
    summary: 'The same two on another task: addition of two-digit numbers.',
    lanes: versus(add),
  },
  words: {
    title: 'Word problems',
    summary:
      'The same two on a model of 1.1 million parameters that reads word problems in English, by byte pairs: for a real GPU.',
    lanes: versus(words),
  },
  'try-learning-rate': tryThis(
    'learningRate',
    [7e-4, 2.1e-4],
    {
      question: 'Is a smaller step enough?',
      summary: 'SRT at a rate where it collapses, and at a third of it.',
    },
    duel,
    srt,
  ),
  'try-anchor-share': tryThis(
    'anchorShare',
    [0.25, 0.5],
    {
      question: 'How many votes does the anchor need?',
      summary: 'M-GRPO + IQR with a quarter of each group from the anchor, as in the paper, and with half.',
    },
    duel,
    mgrpoIqr,
  ),
  'try-momentum': tryThis(
    'anchorMomentum',
    [0, 0.99],
    {
      question: 'Is it the momentum, or only more voters?',
      summary:
        'Half of each group from an anchor that is the policy itself, and from one that lags behind it.',
    },
    duel,
    mgrpoIqr,
  ),
  'try-temperature': tryThis(
    'temperature',
    [0.5, 1.1],
    {
      question: 'Does it matter how boldly it samples?',
      summary: 'M-GRPO + IQR with cautious rollouts, and with those of the paper.',
    },
    duel,
    mgrpoIqr,
  ),
  'try-group-size': tryThis(
    'groupSize',
    [8, 32],
    {
      question: 'How large must the electorate be?',
      summary: 'M-GRPO + IQR with 8 rollouts per prompt, half of them the anchor’s, and with 32.',
    },
    duel,
    mgrpoIqr,
  ),
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as readonly PresetName[];

/** What the page opens with. */
export const defaultPreset: PresetName = 'entropy';

/** Checks a name from outside. Throws LabError listing the presets. */
export function presetName(name: string): PresetName {
  const found = presetNames.find((known) => known === name);
  if (found === undefined) {
    throw new LabError(
      'bad-setting',
      `There is no preset ${quote(name)}.`,
      `Choose one of ${presetNames.join(', ')}.`,
    );
  }
  return found;
}
