import { quote } from '../../lib/quote.ts';
import type { Log, LogOutline } from './log.ts';
import { LogTable } from './table.ts';

/** Whether two files are parts of one run: charts of it, its metrics in a file each, or its events before and after a stop. */
export function areOneRun(first: LogOutline, second: LogOutline): boolean {
  if (first.format !== second.format || first.part === undefined || second.part === undefined) return false;
  if (first.axis !== second.axis || first.part.of !== second.part.of) return false;
  if (first.part.of !== null) return true;
  const names = new Set(first.columns.map(({ name }) => name));
  return (
    second.columns.every(({ name }) => name === second.axis || !names.has(name)) || isContinued(first, second)
  );
}

/** Whether one of two logs goes on where the other was stopped: a run of its own begins with the first steps. */
function isContinued(first: LogOutline, second: LogOutline): boolean {
  const [earlier, later] = [first, second].map(spanOf).sort((a, b) => a.least - b.least);
  if (earlier === undefined || later === undefined) return false;
  return later.least > earlier.least + 1 && later.least <= earlier.greatest + 1;
}

function spanOf({ columns, axis }: LogOutline): { readonly least: number; readonly greatest: number } {
  return columns.find(({ name }) => name === axis) ?? { least: NaN, greatest: NaN };
}

/**
 * Two parts of the same run as one: the rows of the later above which those of the earlier stand. Rows of one step
 * are merged when they are read (`readRows`).
 * @throws LabError where the two together are too long
 */
export function joinLogs(first: Log, second: Log): Log {
  const logs = spanOf(second).least < spanOf(first).least ? [second, first] : [first, second];
  const table = new LogTable();
  for (const log of logs) {
    const rows = Array.from({ length: log.rows }, (): [string, number | null][] => []);
    for (const { name, values, notFinite, nulls } of log.columns) {
      values.forEach((value, row) => {
        if (!Number.isNaN(value)) rows[row]?.push([name, value]);
      });
      for (const row of notFinite) rows[row]?.push([name, NaN]);
      for (const row of nulls) rows[row]?.push([name, null]);
    }
    rows.forEach((row, index) => {
      table.addRow(`Row ${index + 1} of ${quote(log.name)}`, row);
    });
  }
  const notes = [...new Set([...first.notes, ...second.notes])];
  const joined = table.log(first.format, first.name, notes, first.axis);
  return {
    ...joined,
    leftOut: [...new Set([...first.leftOut, ...second.leftOut])],
    ...(first.part === undefined ? {} : { part: first.part }),
  };
}
