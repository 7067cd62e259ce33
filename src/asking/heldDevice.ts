import type { Host } from '../host/host.ts';
import { Asking } from './asking.ts';

/** The device of a session: opened when it is first needed, and left where nobody knows what is left of it. */
export class HeldDevice {
  readonly #host: Pick<Host, 'openGpu' | 'now'>;
  readonly #lost: (reason: string) => Promise<void>;
  readonly #holds: (bytes: number) => void;
  #asking: Promise<Asking> | null = null;

  /**
   * @param lost told why the device that is held is gone
   * @param holds told what the models that are asked take on it
   */
  constructor(
    host: Pick<Host, 'openGpu' | 'now'>,
    lost: (reason: string) => Promise<void>,
    holds: (bytes: number) => void,
  ) {
    this.#host = host;
    this.#lost = lost;
    this.#holds = holds;
  }

  open(): Promise<Asking> {
    this.#asking ??= this.#host.openGpu().then((gpu) => {
      const asking = new Asking(gpu, this.#host.now);
      void gpu.lost.then(async (reason) => {
        if ((await this.#asking?.catch(() => null)) === asking) await this.#lost(reason);
      });
      return asking;
    });
    return this.#asking;
  }

  /** The next one is new; of this one nothing is left that could be freed. */
  forget(): void {
    this.#asking = null;
  }

  /** Leaves it with all that is on it; the next one is new. */
  async leave(): Promise<void> {
    const asking = this.#asking;
    this.#asking = null;
    this.#holds(0);
    (await asking?.catch(() => null))?.destroy();
  }

  /** Leaves it where it has met an error: it says so at every later readback. */
  async leaveFaulty(): Promise<void> {
    const asking = await this.#asking?.catch(() => null);
    if (asking?.gpu.errors.length === 0) this.#holds(asking.sizeBytes);
    else await this.leave();
  }

  /** Frees what the models that were asked take. */
  async release(): Promise<void> {
    (await this.#asking)?.release();
    this.#holds(0);
  }
}
