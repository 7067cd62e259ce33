import { LabError } from '../lib/labError.ts';
import type { Settings } from './hyperparameters.ts';
import { validateSettings } from './settings.ts';

/** One run of a lab: what a column of the page shows. */
export interface Lane {
  readonly name: string;
  readonly settings: Settings;
}

export interface Preset {
  readonly title: string;
  /** What it claims. */
  readonly summary: string;
  readonly lanes: readonly Lane[];
}

type Layer = Partial<Settings>;

function lane(name: string, ...layers: readonly Layer[]): Lane {
  return { name, settings: validateSettings(Object.assign({}, ...layers)) };
}

/** SRT beside the method, otherwise alike. */
function versus(...layers: readonly Layer[]): readonly Lane[] {
  return [lane('SRT', ...layers, srt), lane('M-GRPO + IQR', ...layers, mgrpoIqr)];
}

const srt: Layer = { algorithm: 'srt' };
const mgrpoIqr: Layer = { algorithm: 'm-grpo-iqr' };

const entropy: Layer = { model: 'sort-32', learningRate: 1e-3, steps: 600 };
const duel: Layer = { model: 'sort-48', learningRate: 7e-4, steps: 400 };
const learn: Layer = { model: 'sort-64-early', learningRate: 2e-4, steps: 300 };
const add: Layer = { model: 'add-48', learningRate: 5e-4, steps: 200 };

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
      `There is no preset "${name}".`,
      `Choose one of ${presetNames.join(', ')}.`,
    );
  }
  return found;
}
