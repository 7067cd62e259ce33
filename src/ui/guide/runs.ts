import { measuredFrom, type Measured } from '../../experiments/measured.ts';
import { type PresetName, presetNames, presets } from '../../settings/presets.ts';

/** Experiments that the Guide shows, loaded with it: the cards', the duel, and the one of 3,000 steps. */
const declared = import.meta.glob<unknown>(['../../../experiments/{try-*,duel,paper-sort}.json'], {
  eager: true,
  import: 'default',
});
const results = import.meta.glob<unknown>(
  [
    '../../../results/{try-*,duel}/*.json',
    '../../../results/paper-sort/{srt-learning-rate-0.3,m-grpo-iqr}.*.json',
  ],
  { eager: true, import: 'default' },
);

/** @param name of an experiment that the Guide shows */
export function measured(name: string): Measured {
  return measuredFrom(name, (path) => ({ ...declared, ...results })[`../../../${path}`]);
}

/** What longer runs say of a card: lanes of another experiment, which it shows instead of its own. */
const longer: Partial<
  Record<
    PresetName,
    { readonly experiment: string; readonly lanes: readonly string[]; readonly says: string }
  >
> = {
  'try-learning-rate': {
    experiment: 'paper-sort',
    lanes: ['SRT, learning rate × 0.3', 'M-GRPO + IQR'],
    says: 'SRT at a third of the learning rate, and M-GRPO + IQR at the whole, for 3,000 steps. SRT holds for 400 steps; it collapses later.',
  },
};

/** A card of the Guide: a question, its answer in curves. */
export interface GuideCard extends Measured {
  readonly name: PresetName;
  readonly question: string;
  /** Sentences below the question. */
  readonly says: readonly string[];
}

/** Presets that answer a question with one knob. */
export const cards: readonly GuideCard[] = presetNames.flatMap((name) => {
  const preset = presets[name];
  if (!('card' in preset)) return [];
  const { question } = preset.card;
  const beyond = longer[name];
  if (beyond === undefined) return [{ name, question, says: [preset.summary], ...measured(name) }];
  const { experiment, runs } = measured(beyond.experiment);
  const lanes = experiment.lanes.filter((lane) => beyond.lanes.includes(lane.name));
  return [
    {
      ...{ name, question, says: [beyond.says], experiment: { ...experiment, lanes } },
      runs: runs.filter((run) => beyond.lanes.includes(run.name)),
    },
  ];
});
