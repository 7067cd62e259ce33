import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { benchmarkVersion, labelFree } from './benchmark.ts';
import type { Detector } from './detectors.ts';

/** A line of the protocol, as the judge writes it. */
const toldSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('run'),
    version: v.literal(benchmarkVersion),
    run: v.string(),
    columns: v.array(v.picklist(labelFree)),
  }),
  v.strictObject({
    type: v.literal('row'),
    run: v.string(),
    step: v.number(),
    values: v.record(v.picklist(labelFree), v.number()),
  }),
  v.strictObject({ type: v.literal('end'), run: v.string() }),
]);
export type Told = v.InferOutput<typeof toldSchema>;

/**
 * An alarm of the lab as a detector of the protocol: what it answers to a line, null where none is due.
 * @throws LabError `bad-file` for what is no line of it
 */
export function answering({ judge }: Detector): (line: string) => string | null {
  let say = judge();
  return (line) => {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      json = null;
    }
    const parsed = v.safeParse(toldSchema, json);
    if (!parsed.success) {
      throw new LabError(
        'bad-file',
        `${quote(line)} is no line of the protocol.`,
        'docs/benchmark.md tells what a detector is sent.',
      );
    }
    const { output } = parsed;
    if (output.type === 'run') say = judge();
    if (output.type !== 'row') return null;
    const { run, step, values } = output;
    const { alarm, score } = say({ step, ...values });
    return JSON.stringify({ run, step, alarm, ...(Number.isFinite(score) ? { score } : {}) });
  };
}
