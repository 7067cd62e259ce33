import * as v from 'valibot';
import { adapterKnobs } from '../settings/adapterKnobs.ts';

const { rank, alpha, targets, trains, weights, rows } = adapterKnobs;
const text = v.pipe(v.string(), v.maxLength(10_000));
const whole = ([least, most]: readonly [number, number]) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const crc = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1));
const keys = <Key extends string>(of: Readonly<Record<Key, unknown>>) =>
  v.picklist(Object.keys(of) as [Key, ...Key[]]);

/**
 * What a run is made of that trains an adapter of a model made elsewhere, beside its settings: what was chosen
 * (`AdapterChoice`), and how what it was given is known again.
 */
export const loraHead = v.strictObject({
  /** What its base is called. */
  model: v.pipe(v.string(), v.maxLength(1000)),
  /** Whether it began from an adapter that was there. */
  from: v.boolean(),
  rank: whole(rank.range),
  alpha: v.nullable(v.pipe(v.number(), v.minValue(alpha.range[0]), v.maxValue(alpha.range[1]))),
  targets: v.pipe(v.array(v.picklist(targets.options)), v.minLength(1), v.maxLength(targets.options.length)),
  trains: keys(trains.options),
  weights: keys(weights.options),
  rows: whole(rows.range),
  answer: text,
  template: v.nullable(text),
  /** CRC-32 of the prompts, of the base (its config, of each tensor the type and the first numbers), and of the factors. */
  made: v.strictObject({ prompts: crc, base: crc, factors: crc }),
});
export type LoraHead = v.InferOutput<typeof loraHead>;

/**
 * What a run is called that goes on from a step of another, by its own algorithm: names begin with that. A record takes
 * names of 200 characters.
 */
export function forkName(
  name: string,
  step: number,
  [before, after]: readonly [before: string, after: string],
): string {
  const forked = `, forked at ${String(step)}`;
  const plain = name.replace(/, forked at \d+$/, '');
  const own = plain.startsWith(`${before},`) ? after + plain.slice(before.length) : plain;
  return own.slice(0, 200 - forked.length) + forked;
}
