import { parseExperiment, runFile, setupsOf, type Experiment } from '../../experiments/declaration.ts';
import { parseReduced, type ReducedRun } from '../../experiments/reduced.ts';
import { type PresetName, presetNames, presets } from '../../settings/presets.ts';

/** Experiments that the Guide shows, loaded with it: the cards', the duel, and the one beyond 400 steps. */
const declared = import.meta.glob<unknown>(['../../../experiments/{try-*,duel,longer}.json'], {
  eager: true,
  import: 'default',
});
const results = import.meta.glob<unknown>(['../../../results/{try-*,duel,longer}/*.json'], {
  eager: true,
  import: 'default',
});

/** A declared experiment and those of its runs that are committed. */
export interface Measured {
  readonly experiment: Experiment;
  readonly runs: readonly ReducedRun[];
}

/** @param name of an experiment that the Guide shows */
export function measured(name: string): Measured {
  const declaration = `experiments/${name}.json`;
  const experiment = parseExperiment(declaration, declared[`../../../${declaration}`]);
  const runs = setupsOf(experiment).flatMap((setup) => {
    const path = `results/${name}/${runFile(setup)}`;
    const file = results[`../../../${path}`];
    return file === undefined ? [] : [parseReduced(path, file)];
  });
  return { experiment, runs };
}

/** What longer runs say of a card; they are what it shows once they are there. */
const longer: Partial<Record<PresetName, { readonly experiment: string; readonly verdict: string }>> = {
  'try-learning-rate': {
    experiment: 'longer',
    verdict: 'SRT at a third of the learning rate holds for 400 steps; collapses later.',
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
  const own = { name, question, says: [preset.summary, ...(beyond === undefined ? [] : [beyond.verdict])] };
  const run = measured(beyond?.experiment ?? name);
  if (beyond === undefined || run.runs.length < setupsOf(run.experiment).length) {
    return [{ ...own, ...measured(name) }];
  }
  return [{ ...own, ...run, says: [`${run.experiment.title}. ${beyond.verdict}`] }];
});
