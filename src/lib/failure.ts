import { LabError, type LabErrorCode } from './labError.ts';

/** An error in plain data, as it travels from a worker to the page. */
export interface Failure {
  readonly code: LabErrorCode;
  readonly sentence: string;
  readonly remedy: string;
}

/** What a worker tells the page of an error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LabError) return { code: error.code, sentence: error.message, remedy: error.remedy };
  return {
    code: 'bug',
    sentence: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page. If it happens again, please report it with the address of this page.',
  };
}
