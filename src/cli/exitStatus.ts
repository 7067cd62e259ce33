import { LabError, type LabErrorCode } from '../lib/labError.ts';
import { startAgain } from './listenForEnd.ts';

/** What a task's exit says to whoever started it, after sysexits.h. */
export const statuses = {
  done: 0,
  /** EX_USAGE: settings, a declaration or a file is wrong; never try again. */
  wrong: 64,
  /** EX_UNAVAILABLE: no usable GPU here; try on another machine. */
  unusable: 69,
  /** EX_TEMPFAIL: interrupted, the disk is full, or another task has the run; start it again. */
  again: startAgain,
} as const;

const byCode: Readonly<Record<LabErrorCode, number>> = {
  'bad-setting': statuses.wrong,
  'bad-file': statuses.wrong,
  'bad-url': statuses.wrong,
  'bad-reward': statuses.wrong,
  'non-finite': statuses.wrong,
  'no-adapter': statuses.unusable,
  'does-not-fit': statuses.unusable,
  'kernel-disagrees': statuses.unusable,
  'does-not-compile': statuses.unusable,
  'device-lost': statuses.again,
  // A page's alone.
  'not-loaded': 1,
  bug: 1,
};

/** The exit status of a task that failed. */
export function statusOf(error: unknown): number {
  return error instanceof LabError ? byCode[error.code] : 1;
}
