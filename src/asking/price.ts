import { timedTokens, type FrozenSpeed, type Range } from '../bench/frozenPrice.ts';
import type { FrozenCapacity, FrozenNeed } from '../engine/frozen/sizes.ts';
import type { Asking } from './asking.ts';
import { describe, type AskedModel } from './model.ts';
import type { Price } from './protocol.ts';
import { workOf, type Question } from './question.ts';

/** What asking takes, but for the time, which is measured. @param needs of each model */
export function priceInBytes(question: Question, needs: readonly FrozenNeed[]): Omit<Price, 'seconds'> {
  const sum = (pick: (need: FrozenNeed) => number) => needs.reduce((total, need) => total + pick(need), 0);
  return {
    prompts: question.prompts.length,
    known: question.prompts.filter(({ solution }) => solution !== null).length,
    promptTokens: workOf(question, needs.length).promptTokens,
    written: question.template === null ? null : question.first,
    completions: question.prompts.length * question.groupSize,
    inFlight: question.capacity.completions,
    weightsBytes: sum((need) => need.weightsBytes),
    cacheBytes: sum((need) => need.cacheBytes),
    workingBytes: sum((need) => need.workingBytes),
    totalBytes: sum((need) => need.totalBytes),
  };
}

/** How fast an adapter is: measured once for each shape that is asked. */
export class Speeds {
  /** By model, weights and rows. */
  readonly #known = new Map<string, FrozenSpeed>();

  async of(
    asking: Asking,
    model: AskedModel,
    weights: 'file' | 'int8',
    capacity: FrozenCapacity,
  ): Promise<FrozenSpeed> {
    const key = JSON.stringify([describe(model), weights, capacity.completions, timedTokens(capacity)]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // What is timed needs its own place.
    asking.release();
    const speed = await asking.measure(model, weights, capacity);
    this.#known.set(key, speed);
    return speed;
  }
}

/** 0.042 → "0.042 s", 3.16 → "3.2 s", 83 → "1:23 min" */
export function timeWords(seconds: number): string {
  if (seconds < 60) return `${seconds < 1 ? seconds.toPrecision(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const pad = (n: number) => String(n).padStart(2, '0');
  return hours > 0
    ? `${String(hours)}:${pad(minutes)}:${pad(whole % 60)} h`
    : `${String(minutes)}:${pad(whole % 60)} min`;
}

/** "2.1 s to 3.4 s" */
export function rangeWords({ low, high }: Range): string {
  const [from, to] = [timeWords(low), timeWords(high)];
  return from === to ? `About ${to}` : `${from} to ${to}`;
}

/** How far a time is from what was measured before, as the end of a sentence. @param work what took it */
export function missWords(seconds: number, measured: Range, work = 'as many'): string {
  const said = `measured before: ${rangeWords(measured).toLowerCase()} for ${work}`;
  const { low, high } = measured;
  if (seconds >= low && seconds <= high) return `${said}, as it was`;
  const [beyond, word] = seconds > high ? [seconds / high - 1, 'longer'] : [1 - seconds / low, 'shorter'];
  return `${said}, it took ${String(Math.round(100 * beyond))} % ${word}`;
}
