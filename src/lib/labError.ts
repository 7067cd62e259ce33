/** What kind of thing went wrong; pages and commands choose their manners by it. */
export type LabErrorCode =
  | 'bad-setting'
  | 'bad-file'
  | 'bad-url'
  | 'bad-reward'
  | 'no-adapter'
  | 'does-not-fit'
  | 'device-lost'
  | 'kernel-disagrees'
  | 'does-not-compile'
  | 'non-finite'
  | 'not-loaded'
  | 'bug';

/**
 * The one error class: a sentence naming value and rule, and a remedy saying what to do.
 * Thrown where the cause is known, shown once.
 */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: LabErrorCode;
  readonly remedy: string;

  constructor(code: LabErrorCode, sentence: string, remedy: string, cause?: unknown) {
    super(sentence, { cause });
    this.code = code;
    this.remedy = remedy;
  }
}
