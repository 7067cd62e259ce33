import type { Event, Failure, HeldModel } from '../session/protocol.ts';
import { LabError } from '../lib/labError.ts';

/** Who waits for which model. */
const waiting = new Map<
  number,
  { readonly resolve: (model: HeldModel) => void; readonly reject: (why: LabError) => void }
>();
let last = 0;

/** A number for a question to the trainer, and its answer once it comes. @throws LabError, late */
export function awaited(): { readonly ask: number; readonly answer: Promise<HeldModel> } {
  const ask = ++last;
  const answer = new Promise<HeldModel>((resolve, reject) => {
    waiting.set(ask, { resolve, reject });
  });
  return { ask, answer };
}

/** A model arrived, or why it doesn't. */
export function arrived({ ask, answer }: Extract<Event, { type: 'weights' }>): void {
  const promise = waiting.get(ask);
  waiting.delete(ask);
  if ('weights' in answer) promise?.resolve(answer);
  else promise?.reject(thrown(answer));
}

/** Nothing that was asked for comes any more: the lanes or their device are others. */
export function giveUp(): void {
  for (const { reject } of waiting.values())
    reject(new LabError('bad-setting', 'The lane was started anew meanwhile.', 'Try again.'));
  waiting.clear();
}

function thrown({ code, sentence, remedy }: Failure): LabError {
  return new LabError(code, sentence, remedy);
}
