import type { CsvRow } from './csv.ts';
import type { Log } from './log.ts';
import { LogTable, numberIn } from './table.ts';

/**
 * One tag of a run, as TensorBoard’s page downloads it: "Wall time,Step,Value". Run and tag are in the file’s name,
 * "run-<run>-tag-<tag>.csv", in which slashes are underscores; browsers number such files.
 */
export function readTagCsv(file: string, rows: Iterable<CsvRow>, notes: string[]): Log {
  const named = file.replace(/\.csv$/i, '').replace(/ \(\d+\)$/, '');
  const parts = /^(?:run-)?(.*?)-tag-(.+)$/.exec(named);
  const tag = parts?.[2] ?? named;
  const run = parts?.[1] ?? null;
  const table = new LogTable();
  for (const { line, cells } of rows) {
    const [, step = '', value = ''] = cells.map(numberIn);
    table.addRow(`Line ${line}`, [
      ['Step', step],
      [tag, value],
    ]);
  }
  const name = run === null || /^[._]?$/.test(run) ? 'TensorBoard' : run;
  return { ...table.log('tensorboard', name, notes, 'Step'), part: { of: run } };
}
