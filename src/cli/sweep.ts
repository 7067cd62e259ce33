import { relative, resolve } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { statuses } from './exitStatus.ts';

/** What an engine is to start. */
export interface Sweep {
  /** Of the experiment. */
  readonly name: string;
  /** As it was given: a name, or the path of a declaration. */
  readonly given: string;
  /** Flags that each task gets, those for folder and number apart. */
  readonly flags: readonly string[];
  /** Numbers of the tasks that have something left to make, in ascending order; at least one. */
  readonly tasks: readonly number[];
  /** Of the lab, absolute. */
  readonly checkout: string;
  /** Of all results, absolute. */
  readonly out: string;
  /** Whether tasks want a GPU. */
  readonly gpu: boolean;
}

/** An engine that starts numbered tasks, for each of which it is told what to do by its exit status. */
export interface Engine {
  /** How it is called. */
  readonly title: string;
  /** What it takes, whole, with a line on how it is given to it. @param file where it will lie */
  readonly write: (sweep: Sweep, file: string) => string;
}

/** Statuses after which a task is started again. */
export const startedAgain: readonly number[] = [statuses.unusable, statuses.again];

/** How often an engine starts a task again that ends so each time: a disk that stays full is to be looked at. */
export const mostAgain = 10;

/** A task's command without its number. @param out where it is to write */
export function taskCommand({ given, flags }: Sweep, out: string): readonly string[] {
  // Not by npm: a signal is to reach the task itself.
  return ['node', 'scripts/cli.mjs', 'experiment', given, '--out', out, ...flags];
}

/**
 * A sweep whose tasks run in a copy of the checkout: a declaration is named as it lies in that.
 * @throws LabError `bad-setting` for one that lies elsewhere
 */
export function inCheckout(sweep: Sweep): Sweep {
  if (!sweep.given.endsWith('.json')) return sweep;
  const given = relative(sweep.checkout, resolve(sweep.checkout, sweep.given));
  if (!given.startsWith('..')) return { ...sweep, given };
  throw new LabError(
    'bad-setting',
    `${quotePath(sweep.given)} lies outside the checkout, and tasks of this engine have that alone.`,
    'Copy it to experiments/.',
  );
}

/** As it would be typed. */
export function quoted(word: string): string {
  return /^[\w.,=/:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A name that every engine takes: lower case, digits and dashes, at most 50. */
export function plainName(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(0, 50)
      .replaceAll(/^-+|-+$/g, '') || 'experiment'
  );
}
