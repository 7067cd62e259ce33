import {
  measureFrozen,
  secondsOf,
  type FrozenSpeed,
  type FrozenWork,
  type Range,
} from '../bench/frozenPrice.ts';
import { Divergence } from '../engine/frozen/divergence.ts';
import type { FrozenCompletion } from '../engine/frozen/completion.ts';
import { FrozenEngine } from '../engine/frozen/engine.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import type { FrozenCapacity, FrozenNeed } from '../engine/frozen/sizes.ts';
import type { Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { mean } from '../lib/stats.ts';
import { saidOf, type Said } from './answers.ts';
import { capacityFor, fileBytes, type AskedModel } from './model.ts';
import { promptsOf } from './calls.ts';
import type { Question } from './question.ts';

/** The slot of a model's adapter. */
const ownSlot = 0;

/** How far something is: done of all, in units of its own; false ends it. */
export type Told = (done: number, all: number) => boolean;

/** One or two models on a device of their own: loaded, asked, compared. */
export class Asking {
  readonly gpu: Gpu;
  readonly kernels: Kernels;
  readonly #now: () => number;
  #asked: readonly AskedModel[] = [];
  #engines: readonly FrozenEngine[] = [];
  #choice: WeightChoice = 'file';
  #works: FrozenWork[] = [];

  constructor(gpu: Gpu, now: () => number) {
    this.gpu = gpu;
    this.kernels = new Kernels(gpu);
    this.#now = now;
  }

  /** Bytes of what is loaded. */
  get sizeBytes(): number {
    return this.#engines.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** What the last completions of each loaded model that was asked have taken. */
  get works(): readonly FrozenWork[] {
    return this.#works;
  }

  /** How fast this device is for a model's shapes, through an adapter of its adapter's; nothing of them is read. */
  measure(asked: AskedModel, choice: WeightChoice, capacity: FrozenCapacity): Promise<FrozenSpeed> {
    const own = capacityFor(asked, capacity);
    return measureFrozen(this.gpu, this.kernels, asked.model, choice, own, this.#now);
  }

  /**
   * Brings models to the device; what was loaded before is released, unless it is the same and large enough.
   * @param told bytes of files read, and of all; false stops, and releases what there is
   * @throws LabError `does-not-fit`, `bad-file`
   */
  async load(
    asked: readonly AskedModel[],
    choice: WeightChoice,
    capacity: FrozenCapacity,
    told: Told,
  ): Promise<boolean> {
    this.#works = [];
    const same = asked.length === this.#asked.length && asked.every((each, i) => each === this.#asked[i]);
    if (same && choice === this.#choice && this.#engines.every((engine) => covers(engine.capacity, capacity)))
      return true;
    this.release();
    const engines: FrozenEngine[] = [];
    this.#engines = engines;
    const stopped = Symbol('stopped');
    try {
      for (const each of asked) {
        const own = capacityFor(each, capacity);
        engines.push(new FrozenEngine(this.gpu, this.kernels, each.model, own, choice));
      }
      await this.kernels.compile();
      const all = asked.reduce((sum, each) => sum + fileBytes(each), 0);
      let before = 0;
      for (const [i, engine] of engines.entries()) {
        let read = 0;
        await engine.load((bytes) => {
          read = bytes;
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught below, where it is known by its identity
          if (!told(before + bytes, all)) throw stopped;
        });
        before += read;
        const adapter = asked[i]?.adapter ?? null;
        if (adapter !== null) await engine.loadAdapter(ownSlot, adapter);
      }
    } catch (error) {
      this.release();
      if (error === stopped) return false;
      throw error;
    }
    this.#asked = asked;
    this.#choice = choice;
    return true;
  }

  /**
   * All completions of a question by one of the loaded models, in order of prompts; fewer where it was stopped, the last
   * of them cut off.
   * @param told what is complete, and what is being written; false stops
   */
  async sample(
    index: number,
    { ids, calls, temperature, maxTokens, seed }: Question,
    told: (complete: readonly Said[], underWay: readonly Said[]) => boolean,
  ): Promise<Said[]> {
    const { engine, asked } = this.#at(index);
    const before = engine.sampled;
    const said: Said[] = [];
    let goesOn = true as boolean;
    for (const call of calls) {
      const own = promptsOf(call);
      const requests = call.map(({ prompt, completion }) => ({
        prompt: own.indexOf(prompt),
        temperature,
        completion,
        stream: prompt,
        ...(asked.adapter === null ? {} : { adapter: ownSlot }),
      }));
      const texts = own.map((prompt) => ids[prompt] ?? []);
      const named = (completions: readonly FrozenCompletion[]): Said[] =>
        completions.map((each, i) => saidOf(asked.tokenizer, call[i]?.prompt ?? 0, each));
      const completions = await engine.complete(texts, requests, {
        seed,
        ends: asked.model.endTokens,
        maxTokens,
        look: (soFar) => {
          goesOn = told(said, named(soFar));
          return goesOn;
        },
      });
      said.push(...named(completions));
      if (!goesOn || !told(said, [])) break;
    }
    const { promptTokens, positions } = engine.sampled;
    this.#works[index] = {
      promptTokens: promptTokens - before.promptTokens,
      positions: positions - before.positions,
      inFlight: engine.capacity.completions,
      scoredRows: 0,
    };
    return said;
  }

  /**
   * Mean KL of one loaded model's next-token distributions to the other's on what the former said, nats a token; NaN
   * where it was stopped.
   * @throws LabError `bad-setting` where their vocabularies differ in size
   */
  async divergence(
    index: 0 | 1,
    said: readonly Said[],
    { ids, temperature }: Pick<Question, 'ids' | 'temperature'>,
    told: Told,
  ): Promise<number> {
    const pair = [this.#at(index), this.#at(1 - index)] as const;
    const [p, q] = [pair[0].engine, pair[1].engine];
    const slots = pair.map(({ asked }) => (asked.adapter === null ? undefined : ownSlot));
    const between = new Divergence(this.gpu, this.kernels, p, q);
    try {
      await this.kernels.compile();
      const each: number[] = [];
      const most = p.capacity.completions;
      for (let first = 0; first < said.length; first += most) {
        if (!told(first, said.length)) return NaN;
        const some = said.slice(first, first + most);
        const texts = some.map(({ prompt, tokens }) => [...(ids[prompt] ?? []), ...tokens]);
        const all = await between.of(texts, temperature === 0 ? 1 : temperature, slots);
        all.forEach((kl, i) => {
          each.push(...kl.subarray((ids[some[i]?.prompt ?? 0] ?? []).length - 1));
        });
      }
      return mean(each);
    } finally {
      between.destroy();
    }
  }

  /** Frees what is loaded. */
  release(): void {
    for (const engine of this.#engines) engine.destroy();
    this.#engines = [];
    this.#asked = [];
  }

  /** Frees the device, too. */
  destroy(): void {
    this.release();
    this.gpu.device.destroy();
  }

  #at(index: number): { readonly engine: FrozenEngine; readonly asked: AskedModel } {
    const [engine, asked] = [this.#engines[index], this.#asked[index]];
    if (engine !== undefined && asked !== undefined) return { engine, asked };
    throw new LabError('bug', 'A model is asked that is not loaded.', 'Load it first.');
  }
}

/** What models take together, each its own work. */
export function priceOf(
  asked: readonly AskedModel[],
  needs: readonly FrozenNeed[],
  works: readonly FrozenWork[],
  speed: FrozenSpeed,
): Range {
  const each = asked.flatMap(({ model }, i) => {
    const [need, work] = [needs[i], works[i]];
    return need === undefined || work === undefined ? [] : [secondsOf(model, need.weightsBytes, work, speed)];
  });
  return {
    low: each.reduce((sum, { low }) => sum + low, 0),
    high: each.reduce((sum, { high }) => sum + high, 0),
  };
}

/** Whether an engine of one capacity can do what another is for. */
function covers(one: FrozenCapacity, other: FrozenCapacity): boolean {
  return (
    ['completions', 'passRows', 'promptTokens', 'maxPromptLength', 'maxCompletionLength'] as const
  ).every((name) => one[name] >= other[name]);
}
