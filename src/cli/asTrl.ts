import { type OwnFlags, readArguments } from '../settings/arguments.ts';
import { finite, mean } from '../lib/stats.ts';
import { type MetricId, metricIds, type MetricRow, metrics } from '../spec/metrics.ts';
import { Output } from './output.ts';
import { readRecordFile } from './recordFile.ts';

/** Steps between two records: the Trainer logs the mean of what it measured since the last one. */
const loggingSteps = 5;

const flags: OwnFlags = { force: { type: 'boolean', help: 'replace the file where it is there already' } };

/**
 * `node scripts/cli.mjs asTrl run.jsonl trainer_state.json`: the first run of a record, in the format of the Hugging
 * Face Trainer; made public/examples/trainer_state.json, which the Watch page offers to try.
 */
export default function main(argv: readonly string[]): void {
  const words = ['the file of a record', 'the file to write'] as const;
  const {
    words: [from, to],
    flags: given,
  } = readArguments(argv, flags, words);
  const output = new Output(to, { flag: 'The file to write', force: given.has('force'), read: [from] });
  try {
    const { runs, truncated } = readRecordFile(from);
    if (truncated !== null) console.log(`${from}: ${truncated}`);
    output.write(`${JSON.stringify(trainerState(runs[0]?.rows ?? [], loggingSteps), null, 1)}\n`);
  } finally {
    output.close();
  }
}

/** What the Trainer would have written of these steps: only what TRL logs, under its names. */
export function trainerState(rows: readonly Partial<MetricRow>[], every: number): object {
  const inTrl = metricIds.flatMap((id) => {
    const { trl } = metrics[id];
    return trl === undefined ? [] : [{ id, trl }];
  });
  const history: Record<string, number>[] = [];
  let since: Partial<MetricRow>[] = [];
  for (const row of rows) {
    const { step = 0 } = row;
    if (step > 0) since.push(row);
    const record = (evaluated: boolean): Record<string, number> =>
      Object.fromEntries(
        inTrl.flatMap(({ id, trl }) => {
          if (trl.startsWith('eval_') !== evaluated) return [];
          const value = evaluated ? (row[id] ?? NaN) : meanOf(since, id);
          return Number.isNaN(value) ? [] : [[trl, Number(value.toPrecision(5))]];
        }),
      );
    if (since.length > 0 && step % every === 0) {
      history.push({ ...record(false), step });
      since = [];
    }
    const evaluation = record(true);
    if (Object.keys(evaluation).length > 0) history.push({ ...evaluation, step });
  }
  const last = rows.at(-1)?.step ?? 0;
  return { global_step: last, log_history: history, logging_steps: every, max_steps: last };
}

function meanOf(rows: readonly Partial<MetricRow>[], id: MetricId): number {
  return mean(finite(rows.map((row) => row[id] ?? NaN)));
}
