import { LabError } from '../lib/labError.ts';

/** What a device refused, in words. */
export function refusal(error: GPUError): LabError {
  return error instanceof GPUOutOfMemoryError
    ? new LabError(
        'does-not-fit',
        `The GPU is out of memory: ${error.message}`,
        'Choose a smaller model, fewer prompts or rollouts, or close other programs that use the GPU.',
      )
    : new LabError(
        'bug',
        `The GPU refused a command: ${error.message}`,
        'Please report this with what `npm run doctor` prints.',
      );
}
