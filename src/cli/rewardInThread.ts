import { Worker } from 'node:worker_threads';
import type { Endable } from '../lib/timedWorker.ts';
import { timedReward } from '../host/timedReward.ts';

/** A thread that runs `rewardWorker.ts` as the page does, and looks like a worker from outside. */
export class RewardThread implements Endable {
  onmessage: Endable['onmessage'] = null;
  onerror: Endable['onerror'] = null;
  readonly #thread = new Worker(new URL('./rewardThread.mjs', import.meta.url));

  constructor() {
    this.#thread.on('message', (data: unknown) => this.onmessage?.({ data } as MessageEvent));
    this.#thread.on('error', ({ message }: Error) => this.onerror?.({ message } as ErrorEvent));
    // Once it has started, whoever asks waits for a limited time; nobody waits for the thread itself.
    this.#thread.once('message', () => {
      this.#thread.unref();
    });
  }

  postMessage(question: unknown): void {
    this.#thread.postMessage(question);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}

/** Runs rewards in a thread that can be ended: a single call of a built-in function may take for ever. */
export const rewardInThread = timedReward(() => new RewardThread());
