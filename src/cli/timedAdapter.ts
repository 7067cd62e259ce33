import { AdapterSpeeds, Pace, secondsOfWork, stepWork } from '../asking/adapterPrice.ts';
import type { OpenRun } from '../asking/adapterRun.ts';
import { rangeWords } from '../asking/price.ts';
import type { AdapterWork } from '../engine/frozen/adapterEngine.ts';
import type { Device } from '../host/host.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { MakeAdapterTrainer } from './adapterRun.ts';
import { nodeHost } from './host.ts';

/** What steps of an adapter's run take, against what was measured before the first. */
export class Timed {
  readonly #pace: Pace;
  readonly #evalEvery: number;

  private constructor(pace: Pace, evalEvery: number) {
    this.#pace = pace;
    this.#evalEvery = evalEvery;
  }

  /** Measures a step of a run, and says what it takes. */
  static async measure(run: OpenRun, device: Device, settings: Settings): Promise<Timed> {
    const speed = await new AdapterSpeeds().measure(device, run, settings, nodeHost.now);
    const seconds = secondsOfWork(run, settings, stepWork(run, settings), speed);
    console.log(`${rangeWords(seconds)} a step, with completions as long as they may be.`);
    return new Timed(new Pace((work) => secondsOfWork(run, settings, work, speed)), settings.evalEvery);
  }

  /** What notes the steps of the trainers that are made. */
  hooks(make: MakeAdapterTrainer): {
    readonly make: MakeAdapterTrainer;
    readonly seen: (row: Partial<MetricRow>) => void;
  } {
    let trainer: Awaited<ReturnType<MakeAdapterTrainer>> | null = null;
    let before: AdapterWork | null = null;
    return {
      make: async (...given) => (trainer = await make(...given)),
      seen: ({ step = 0, 'perf/step_ms': ms }) => {
        const now = trainer?.engine.work ?? null;
        // The first step samples for two, the last for none.
        const plain = step > 1 && step % this.#evalEvery !== 0 && trainer?.finished === false;
        if (plain && ms !== undefined && before !== null && now !== null)
          this.#pace.add(ms / 1000, before, now);
        before = now;
      },
    };
  }

  /** How far what was said was off. */
  get words(): string {
    return this.#pace.words ?? 'No step without evaluation was made after the first: none was timed.';
  }
}
