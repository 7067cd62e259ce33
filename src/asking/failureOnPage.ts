import { failureOf, type Failure } from '../lib/failure.ts';

/** What the page can do where the device is gone. */
export function failureOnPage(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure.code !== 'device-lost') return failure;
  return {
    ...failure,
    remedy: 'Ask once more: the model is loaded anew. If it happens again, ask for fewer at once.',
  };
}
