import { array, nullable, number, object, parse, string, tuple } from 'valibot';
import { type PresetName, presetNames, presets } from '../../settings/presets.ts';

const schema = object({
  command: string(),
  runs: array(
    object({
      lane: string(),
      seed: number(),
      final: number(),
      collapseStep: nullable(number()),
      curve: array(tuple([number(), number(), number()])),
    }),
  ),
});

/** A measured run: [step, sampled, greedy] of each evaluation. */
export type GuideRun = ReturnType<typeof parse<typeof schema>>['runs'][number];

/** Results that the Guide shows, loaded with it: of the cards and of the duel. */
const files = import.meta.glob<unknown>(['../../../results/try-*.json', '../../../results/duel.json'], {
  eager: true,
  import: 'default',
});

/** Committed runs of a preset; none where it was not measured. */
export function runsOf(preset: PresetName): { readonly command: string; readonly runs: readonly GuideRun[] } {
  const file = files[`../../../results/${preset}.json`];
  return file === undefined ? { command: '', runs: [] } : parse(schema, file);
}

/** Presets that answer a question with one knob. */
export const cards = presetNames.flatMap((name) => {
  const preset = presets[name];
  return 'card' in preset ? [{ name, preset, card: preset.card }] : [];
});
