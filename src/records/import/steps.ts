import { plain, stepNames } from './names.ts';
import type { Entries } from './pythonDict.ts';

const unsigned = /^\d{1,12}$/;

/** Whether a name is one that loggers give the step. */
export function isStepName(name: string): boolean {
  return stepNames.includes(plain(name));
}

/** The step that a row names itself, null where it names none. */
export function stepIn(entries: Entries): number | null {
  for (const name of stepNames) {
    const [, value] = entries.find(([each]) => plain(each) === name) ?? [];
    const step = stepOf(value);
    if (step !== null) return step;
  }
  return null;
}

/** A step as loggers write it: 10, "10", "10/438". @returns null where it is none */
export function stepOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  if (typeof value !== 'string') return null;
  const [done = '', total] = value.trim().split(/\s*\/\s*/, 2);
  return unsigned.test(done) && (total === undefined || unsigned.test(total)) ? Number(done) : null;
}
