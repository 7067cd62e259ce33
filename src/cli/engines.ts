import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import type { Engine } from './sweep.ts';

/** Every engine, by the name of its file. Adding a file adds an engine. */
const files = import.meta.glob<{ default: Engine }>('./engines/*.ts', { eager: true });
export const engines: Readonly<Record<string, Engine>> = Object.fromEntries(
  Object.entries(files).map(([path, file]) => [path.slice('./engines/'.length, -'.ts'.length), file.default]),
);

/** The engine of a name. Throws for an unknown one. */
export function engineOf(name: string): Engine {
  const engine = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (engine !== undefined) return engine;
  throw new LabError(
    'bad-setting',
    `--engine can't be ${quote(name)}.`,
    `Choose one of ${Object.keys(engines).join(', ')}.`,
  );
}
