import type { PulseRequest } from '../lib/pulse.ts';

/** Between two questions, in ms. */
const beatMs = 2000;
/** So many of them without an answer are silence: a step of a large model, or of a busy machine, takes less. */
const mostMissed = 15;

/** Counts the questions that nobody answered. */
export class Beats {
  #missed = 0;
  #last = NaN;

  answered(): void {
    this.#missed = 0;
  }

  /**
   * Once every `beatMs`.
   * @param now ms of a clock that is never set
   * @param seen whether the page is: one out of sight has its timers slowed down
   * @returns whether it is silence
   */
  beat(now: number, seen: boolean): boolean {
    // A page that was slowed down, frozen or asleep has not listened.
    const listened = seen && now - this.#last < 2 * beatMs;
    this.#last = now;
    this.#missed = listened ? this.#missed + 1 : 0;
    return this.#missed > mostMissed;
  }
}

/** What is known of a worker that has vanished: the browser gives no reason. */
export const vanishedWords = 'the browser ended it, as it does where memory runs short';
/** And of one that is silent. */
export const silentWords = 'it has answered nothing for half a minute';

/** What a page is told of a worker. */
export interface Told {
  /** It is gone, and without a word: ended by the browser, or by itself. */
  readonly vanished: () => void;
  /** It has answered nothing for half a minute; false: it answers again. */
  readonly silent: (silent: boolean) => void;
}

/**
 * In a page: watches a worker that `answerPulse` is to answer for. One that never does is not judged.
 * @returns ends the watch
 */
export function watchPulse(
  worker: { postMessage: (message: PulseRequest, transfer: Transferable[]) => void },
  { vanished, silent }: Told,
): () => void {
  // An address that is not secure has neither locks nor a GPU: nothing there can be trained.
  if (!('locks' in navigator)) return () => undefined;
  const lock = `pulse ${crypto.randomUUID()}`;
  const { port1: port, port2 } = new MessageChannel();
  const beats = new Beats();
  const over = new AbortController();
  const { signal } = over;
  let isThere = false;
  let isSilent = false;
  const tell = (now: boolean): void => {
    if (now === isSilent || signal.aborted) return;
    isSilent = now;
    silent(now);
  };
  const timer = setInterval(() => {
    if (!isThere) return;
    tell(beats.beat(performance.now(), !document.hidden));
    port.postMessage('there?');
  }, beatMs);
  const stop = (): void => {
    over.abort();
    clearInterval(timer);
    port.close();
  };
  port.onmessage = () => {
    beats.answered();
    tell(false);
    if (isThere) return;
    isThere = true;
    navigator.locks
      .request(lock, { signal }, () => {
        stop();
        vanished();
      })
      .catch(() => undefined);
  };
  worker.postMessage({ type: 'pulse', lock, port: port2 }, [port2]);
  return stop;
}
