import { type Failure, failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import type { RestoredLab } from '../storage/kept.ts';
import { leaveFound, type Unread } from './keeping.ts';
import { loadPart } from './loadPart.ts';

/**
 * Shows lanes as they were kept, paused where they go on.
 * @param say told why it can't be, in words
 * @returns false where it can't, or where nothing of them can be seen
 */
export async function showRestored(
  found: RestoredLab | Unread,
  say: (words: string) => void,
): Promise<boolean> {
  if ('failure' in found) {
    say(unread(found.failure));
    return false;
  }
  try {
    const { restore } = await loadPart(() => import('./restore.ts'));
    if (await restore(found)) return true;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    say(unread(failureOf(error)));
  }
  leaveFound(found);
  return false;
}

function unread({ sentence, remedy }: Failure): string {
  return `The run that was kept can’t be opened now, and stays in Runs. ${sentence} ${remedy}`;
}
