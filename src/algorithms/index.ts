import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import type { Algorithm } from '../spec/algorithm.ts';
import type { Hyperparameter } from '../spec/hyperparameter.ts';

/** Every algorithm, by the name of its file. Adding a file adds an algorithm. */
const files = import.meta.glob<{ default: Algorithm }>(['./*.ts', '!./index.ts'], { eager: true });
export const algorithms: Readonly<Record<string, Algorithm>> = Object.fromEntries(
  Object.entries(files).map(([path, file]) => [path.slice(2, -3), file.default]),
);

/** The algorithm of an id. Throws for an unknown one. */
export function algorithmOf(id: string): Algorithm {
  const algorithm = algorithms[id];
  if (algorithm === undefined) {
    throw new LabError(
      'bad-setting',
      `There is no algorithm ${quote(id)}.`,
      `Choose one of ${Object.keys(algorithms).join(', ')}.`,
    );
  }
  return algorithm;
}

/** The knobs that algorithms declare for themselves, by key; each has an effect with its own algorithm only. */
export const ownKnobs: Readonly<Record<string, Hyperparameter>> = Object.fromEntries(
  Object.entries(algorithms).flatMap(([id, { name, knobs = [] }]) =>
    knobs.map(({ key, knob }) => [
      key,
      {
        ...knob,
        relevant: {
          when: (settings) => settings.algorithm === id && (knob.relevant?.when(settings) ?? true),
          otherwise: knob.relevant?.otherwise ?? `Only ${name} has this knob.`,
        },
      } satisfies Hyperparameter,
    ]),
  ),
);
