import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import type { Algorithm } from '../spec/algorithm.ts';

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
