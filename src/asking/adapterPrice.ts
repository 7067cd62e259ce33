import { measureAdapter, trainingSeconds, type AdapterSpeed } from '../bench/adapterPrice.ts';
import { timedTokens, type Range } from '../bench/frozenPrice.ts';
import { rolloutRoom, type AdapterWork } from '../engine/frozen/adapterEngine.ts';
import { rolloutCalls, textOf } from '../engine/frozen/rolloutCalls.ts';
import type { Device } from '../host/host.ts';
import { mean } from '../lib/stats.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { requestsFor, rolloutCounts } from '../trainer/rollouts.ts';
import { missWords, timeWords } from './price.ts';
import { adapterNeed, capacityOfRun, type AdapterRun } from './adapterRun.ts';

/** What a step computes where completions are as long as they may be and all are trained on, an evaluation aside. */
export function stepWork(run: AdapterRun, settings: Settings): AdapterWork {
  const { asked, training, task, tokenizer } = run;
  const { promptsPerStep: prompts, maxCompletionLength, updatesPerBatch, temperature } = settings;
  const counts = rolloutCounts(settings);
  const requests = requestsFor(prompts, counts, temperature);
  const lengths = (task.listed?.training ?? []).map(({ prompt }) => tokenizer.encode(prompt).length);
  const prefix = mean(lengths) - 1;
  const room = rolloutRoom(asked.model, capacityOfRun(run, settings), training);
  const calls = rolloutCalls(requests, () => prefix + 1, room);
  const texts = calls.reduce((sum, call) => sum + new Set(call.map(textOf)).size, 0);
  return {
    promptTokens: texts * prefix,
    positions: calls.length * maxCompletionLength,
    updateRows: updatesPerBatch * prompts * (prefix + counts.M * maxCompletionLength),
  };
}

/** How fast a device trains adapters: measured once for each shape. */
export class AdapterSpeeds {
  readonly #known = new Map<string, AdapterSpeed>();

  /** Null where a run of this shape was not measured on such a device. */
  known(device: Pick<Device, 'gpu'>, run: AdapterRun, settings: Settings): AdapterSpeed | null {
    return this.#known.get(keyOf(device, run, settings)) ?? null;
  }

  /** What is timed needs its own place on the device. @param now milliseconds */
  async measure(
    device: Pick<Device, 'gpu' | 'kernels'>,
    run: AdapterRun,
    settings: Settings,
    now: () => number,
  ): Promise<AdapterSpeed> {
    const { gpu, kernels } = device;
    const capacity = capacityOfRun(run, settings);
    const speed = await measureAdapter(gpu, kernels, run.asked.model, run.training, capacity, now);
    this.#known.set(keyOf(device, run, settings), speed);
    return speed;
  }
}

function keyOf({ gpu }: Pick<Device, 'gpu'>, run: AdapterRun, settings: Settings): string {
  const { asked, training } = run;
  const { update, rollout } = capacityOfRun(run, settings);
  const inFlight = Math.min(training.inFlight, rollout.rollouts);
  return JSON.stringify([
    ...[gpu.adapter, asked.model.config, { ...training, inFlight }],
    ...[timedTokens(rollout), update],
  ]);
}

/** Seconds that a run's work takes, by what was measured. */
export function secondsOfWork(
  run: AdapterRun,
  settings: Settings,
  work: AdapterWork,
  speed: AdapterSpeed,
): Range {
  const { weightsBytes } = adapterNeed(run, settings);
  return trainingSeconds(run.asked.model, weightsBytes, run.training.inFlight, work, speed);
}

/** Steps of a run against what was measured before: seconds that they took, and that their work was to take. */
export class Pace {
  readonly #of: (work: AdapterWork) => Range;
  #steps = 0;
  #took = 0;
  #expected: Range = { low: 0, high: 0 };

  constructor(of: (work: AdapterWork) => Range) {
    this.#of = of;
  }

  add(seconds: number, before: AdapterWork, after: AdapterWork): void {
    const { low, high } = this.#of({
      promptTokens: after.promptTokens - before.promptTokens,
      positions: after.positions - before.positions,
      updateRows: after.updateRows - before.updateRows,
    });
    this.#steps++;
    this.#took += seconds;
    this.#expected = { low: this.#expected.low + low, high: this.#expected.high + high };
  }

  /** Mean of the steps so far and how far it is from what was measured before; null before the first. */
  get words(): string | null {
    if (this.#steps === 0) return null;
    const each = (sum: number): number => sum / this.#steps;
    const { low, high } = this.#expected;
    const [seconds, expected] = [each(this.#took), { low: each(low), high: each(high) }];
    return `${timeWords(seconds)} a step without evaluation; ${missWords(seconds, expected, 'as much work')}.`;
  }
}
