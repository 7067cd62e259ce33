import { areOneRun, joinLogs } from '../import/join.ts';
import type { Log } from '../import/log.ts';

/** A log and the files that it was read from. */
export interface FiledLog {
  readonly log: Log;
  readonly files: readonly string[];
}

/**
 * The runs of several files: files that are parts of one run become one, as charts of it, its metrics in a file each,
 * or its events before and after a stop.
 * @param logs in the order of the files
 * @throws LabError where parts of a run are too long together
 */
export function gathered(logs: readonly FiledLog[]): readonly FiledLog[] {
  const runs: FiledLog[] = [];
  for (const { log, files } of logs) {
    const same = runs.findIndex((run) => areOneRun(run.log, log));
    const part = runs[same];
    if (part === undefined) runs.push({ log, files });
    else runs[same] = { log: joinLogs(part.log, log), files: [...part.files, ...files] };
  }
  return runs;
}

/**
 * Whose completions lie in a folder: of the run with a file in the nearest folder, the newest of those as near.
 * @param folder absolute, as the files are, with slashes
 * @returns its index; -1 where there is no run
 */
export function nearestRun(folder: string, runs: readonly FiledLog[]): number {
  const parts = folder.split('/');
  let nearest = { run: -1, shared: -1 };
  runs.forEach(({ files }, run) => {
    for (const file of files) {
      const others = file.split('/');
      const apart = parts.findIndex((part, at) => others[at] !== part);
      const shared = apart < 0 ? parts.length : apart;
      if (shared >= nearest.shared) nearest = { run, shared };
    }
  });
  return nearest.run;
}
