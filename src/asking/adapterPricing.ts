import type { AdapterSpeed } from '../bench/adapterPrice.ts';
import type { Host } from '../host/host.ts';
import { failureOf } from '../lib/failure.ts';
import type { Adapter } from '../model/pretrained/adapter.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { AdapterSpeeds, Pace, secondsOfWork, stepWork } from './adapterPrice.ts';
import {
  adapterNeed,
  checkRunFits,
  planAdapterRun,
  type AdapterParts,
  type AdapterRun,
  type Limits,
} from './adapterRun.ts';
import type { Asking } from './asking.ts';
import type { AskedModel, Ways } from './model.ts';
import { rangeWords } from './price.ts';
import type { AskedText } from './prompts.ts';
import type { AdapterPlan, AdapterPrice, TrainState } from './protocol.ts';

/** What saying the price needs of the session whose models would be trained. */
export interface Priced {
  readonly host: Pick<Host, 'now'> & { readonly memoryBytes: number };
  /** Does something after all that was commanded before; what it throws ends all that is on the device. */
  readonly then: (what: () => Promise<void>) => void;
  readonly device: () => Promise<Asking>;
  /** Frees what the models that were asked take. */
  readonly release: () => Promise<void>;
  /** Leaves a device that has met an error. */
  readonly leaveFaulty: () => Promise<void>;
  /** The base that is open, the adapter beside it, and the prompts; null where one is missing. @throws LabError */
  readonly parts: () => {
    readonly base: AskedModel;
    readonly from: Adapter | null;
    readonly prompts: readonly AskedText[];
  } | null;
}

/** How a run is to be trained. */
interface Wanted {
  readonly settings: Settings;
  readonly limits: Limits;
}

/** The ways to need less, as the page calls them. */
const ways: Ways = {
  eight: '8 completions at once',
  int8: 'int8 weights',
  both: 'int8 weights and 8 completions at once',
  lower: 'Take fewer completions at once or shorter ones, fewer prompts a step, or a smaller model.',
};

/** Says what training would take, again whenever something about it changes: bytes at once, and seconds once they are measured. */
export class Pricing {
  readonly #of: Priced;
  readonly #tell: (change: Partial<TrainState>) => void;
  readonly #used: () => 'held' | 'wanted' | null;
  readonly #speeds = new AdapterSpeeds();
  #plan: AdapterPlan | null = null;
  #pricings = 0;

  /** @param used whether a run holds the device, or is to */
  constructor(of: Priced, tell: (change: Partial<TrainState>) => void, used: () => 'held' | 'wanted' | null) {
    this.#of = of;
    this.#tell = tell;
    this.#used = used;
  }

  plan(plan: AdapterPlan): void {
    this.#plan = plan;
    // At once: how long asking takes may be being measured.
    void this.#price(false);
    this.again();
  }

  /** Says it once more, after what was commanded before. */
  again(): void {
    const mine = ++this.#pricings;
    this.#of.then(async () => {
      if (mine === this.#pricings) await this.#price(true);
    });
  }

  /** How a run would be trained; null before that is known. */
  wanted(): Wanted | null {
    if (this.#plan === null) return null;
    const { settings, memoryBytes } = this.#plan;
    return { settings, limits: { memory: memoryBytes, computer: this.#of.host.memoryBytes, ways } };
  }

  /** What would be trained, by what is there by now; null where something is missing. @throws LabError */
  parts(): AdapterParts | null {
    const [parts, plan] = [this.#of.parts(), this.#plan];
    if (parts === null || plan === null) return null;
    const { base, from, prompts } = parts;
    return { base, called: base.path, path: base.path, prompts, from, choice: plan.choice };
  }

  /** What a run's steps are held against; null where nothing was measured before. */
  pace(device: Asking, run: AdapterRun, settings: Settings): Pace | null {
    const speed = this.#speeds.known(device, run, settings);
    return speed === null ? null : new Pace((work) => secondsOfWork(run, settings, work, speed));
  }

  /** Times a step; who presses Train meanwhile doesn't wait for it. */
  async #measure(device: Asking, run: AdapterRun, settings: Settings): Promise<AdapterSpeed | null> {
    const now = (): number => {
      if (this.#used() !== null) throw gaveWay;
      return this.#of.host.now();
    };
    try {
      return await this.#speeds.measure(device, run, settings, now);
    } catch (error) {
      if (error === gaveWay) return null;
      throw error;
    }
  }

  /** @param free whether the device may be timed @param again on another device */
  async #price(free: boolean, again = false): Promise<void> {
    if (this.#used() === 'held') return;
    const plan = this.#plan;
    try {
      const [parts, wanted] = [this.parts(), this.wanted()];
      if (parts === null || wanted === null) {
        this.#tell({ price: null, refused: null });
        return;
      }
      const { settings, limits } = wanted;
      const run = await planAdapterRun(parts, settings);
      if (plan !== this.#plan) return;
      const need = adapterNeed(run, settings);
      const price = priceOf(run, need);
      this.#tell({ price });
      const device = await this.#of.device();
      checkRunFits(run, settings, device, limits);
      this.#tell({ refused: null });
      let speed = this.#speeds.known(device, run, settings);
      if (speed === null && free && this.#used() === null) {
        await this.#of.release();
        speed = await this.#measure(device, run, settings);
      }
      // Nothing is known, or something else is planned by now.
      if (speed === null || plan !== this.#plan) return;
      const stepSeconds = rangeWords(secondsOfWork(run, settings, stepWork(run, settings), speed));
      this.#tell({ price: { ...price, stepSeconds } });
    } catch (error) {
      const refused = failureOf(error);
      if (refused.code === 'device-lost' && !again) {
        // Another device tells what it takes, once this one has been left.
        this.#of.then(() => this.#price(true, true));
        return;
      }
      // The figures stay: they say what does not fit.
      this.#tell({ refused });
      if (free) await this.#of.leaveFaulty();
    }
  }
}

/** Thrown where timing makes room for a run. */
const gaveWay = new Error('gave way');

/** All but the time. */
function priceOf({ task, layout }: AdapterRun, need: ReturnType<typeof adapterNeed>): AdapterPrice {
  const { weightsBytes, cacheBytes, adapterBytes, updateBytes, totalBytes } = need;
  const [training, heldOut] = [task.listed?.training ?? [], task.listed?.heldOut ?? []];
  const known = [...training, ...heldOut].filter(({ solution }) => solution !== null);
  return {
    ...{ training: training.length, heldOut: heldOut.length, known: known.length },
    ...{ size: layout.size, rank: layout.rank, stepSeconds: null },
    ...{ weightsBytes, cacheBytes, adapterBytes, updateBytes, totalBytes },
  };
}
