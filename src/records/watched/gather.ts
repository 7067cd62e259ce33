import { areOneRun, joinLogs } from '../import/join.ts';
import type { Log } from '../import/log.ts';

/**
 * The runs of several files: files that are parts of one run become one, as charts of it, its metrics in a file each,
 * or its events before and after a stop.
 * @param logs in the order of the files
 * @throws LabError where parts of a run are too long together
 */
export function gathered(logs: readonly Log[]): readonly Log[] {
  const runs: Log[] = [];
  for (const log of logs) {
    const same = runs.findIndex((run) => areOneRun(run, log));
    const part = runs[same];
    if (part === undefined) runs.push(log);
    else runs[same] = joinLogs(part, log);
  }
  return runs;
}
