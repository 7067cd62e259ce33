import { LabError } from '../lib/labError.ts';
import { TimedWorker } from '../lib/timedWorker.ts';
import type { LogShelf, ShelfAnswer, ShelfCall, ShelfMethod, ShelfResult } from './logShelf.ts';

/** The largest file takes seconds; what takes longer than this has gone wrong. */
const limitMs = 120_000;

const worker = new TimedWorker<ShelfCall, ShelfAnswer>(
  () => new Worker(new URL('./logReader.ts', import.meta.url), { type: 'module', name: 'log reader' }),
  limitMs,
);

/**
 * Calls a method of the shelf of logs, which is in a worker; one call after another.
 * @throws LabError `bad-file`
 */
export async function callShelf<Method extends ShelfMethod>(
  method: Method,
  ...args: Parameters<LogShelf[Method]>
): Promise<ShelfResult<Method>> {
  const answer = await worker.ask({ method, args }).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new LabError(
      'bad-file',
      `The file can’t be read: ${words}.`,
      'Reload the page and drop it once more.',
      error,
    );
  });
  if (answer === null) {
    const sentence = `The file was not read within ${String(limitMs / 1000)} seconds.`;
    throw new LabError('bad-file', sentence, 'Drop it once more, and those that were read before.');
  }
  if ('refused' in answer) throw new LabError('bad-file', answer.refused.sentence, answer.refused.remedy);
  return answer.result as ShelfResult<Method>;
}
