import { LabError } from '../lib/labError.ts';

/** Why a page keeps nothing any more whose run another one goes on with. */
export function takenOver(): LabError {
  return new LabError(
    'bad-file',
    'Another tab took this run over: from here on, this page keeps nothing of it.',
    'Close this one, or export what it makes. What you open here next is kept.',
  );
}

/** Why a page keeps nothing of what another one trains. */
export function elsewhere(): LabError {
  return new LabError(
    'bad-file',
    'Another tab trains this run.',
    'Close one of the two, or export what this one makes. What you open here next is kept.',
  );
}

/** Why what a page trains is kept no more. */
export function keepingEnds(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'VersionError') {
    return new LabError(
      'bad-file',
      'A newer version of the lab keeps runs here: this page is an older one, and keeps nothing.',
      'Reload the page. Export first what you want to keep.',
      error,
    );
  }
  const [sentence, remedy] =
    error.name === 'QuotaExceededError'
      ? [
          'The browser’s storage is full',
          'Training goes on. Delete runs on the page Runs to make room, or export what you want to keep.',
        ]
      : [`The browser gives no storage (${error.name})`, 'Training goes on. Export what you want to keep.'];
  return new LabError('bad-file', `${sentence}: from here on, runs are not kept.`, remedy, error);
}

/** What a failure of the browser's storage means for what was asked. */
export function inWords(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  return error.name === 'QuotaExceededError'
    ? new LabError(
        'bad-file',
        'The browser’s storage is full.',
        'Delete runs on the page Runs to make room.',
        error,
      )
    : new LabError(
        'bad-file',
        `The browser’s storage failed (${error.name}).`,
        'Try it once more, or reload the page.',
        error,
      );
}
