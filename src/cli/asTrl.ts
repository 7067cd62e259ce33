import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseLog } from '../records/import/parse.ts';
import { guessMapping, readRows } from '../records/import/mapping.ts';
import { LabError } from '../lib/labError.ts';
import { finite, mean } from '../lib/stats.ts';
import { type MetricId, metricIds, type MetricRow, metrics } from '../spec/metrics.ts';

/** Steps between two records: the Trainer logs the mean of what it measured since the last one. */
const loggingSteps = 5;

/**
 * `node scripts/cli.mjs asTrl run.jsonl trainer_state.json`: the first run of a file of this lab, in the format of the
 * Hugging Face Trainer; made public/examples/trainer_state.json, which the Watch page offers to try.
 */
export default function main([from, to]: readonly string[]): void {
  if (from === undefined || to === undefined) {
    throw new LabError(
      'bad-setting',
      'asTrl needs two files, and was given fewer.',
      'Name the run, made by npm run train -- --out, and the file to write.',
    );
  }
  const [log] = parseLog(from, readFileSync(from, 'utf8'));
  if (log === undefined) throw new LabError('bad-file', `${from} holds no run.`, 'Give it one.');
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(
    to,
    `${JSON.stringify(trainerState(readRows(log, guessMapping(log)).rows, loggingSteps), null, 1)}\n`,
  );
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
