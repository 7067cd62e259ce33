import type { Live } from '../gpu/program.ts';
import { quarter, type Recorder } from './recorder.ts';

/** The rows a gradient is summed over: policy rows in use, rows of one ordered part, 1 to add to what is there. */
export interface GradientRows {
  readonly rows: Live;
  readonly chunk: Live;
  readonly accumulate: Live;
}

/** The fields that every kernel writing ordered parts of a gradient has. */
export function partialParams(r: Recorder, { rows, chunk, accumulate }: GradientRows) {
  return { rows, chunk, accumulate, splits: r.parameters.policy.splits, size4: quarter(r.layout.size) };
}
