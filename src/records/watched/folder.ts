/** Names that logs and completions have in the folder of a run. */
const logNames =
  /(^trainer_state\.json|\.jsonl|\.ndjson|\.parquet|\.log|\.out|\.csv|^events\.out\.tfevents\..*)$/;
const checkpoint = /^checkpoint-(\d+)$/;

/** How deep in a folder logs are looked for, and how many files are read. */
export const folderLimits = { deepest: 3, files: 1000 } as const;

/** A file where it was found. */
export interface Placed {
  /** Folders above it, from the one that was given on. */
  readonly folders: readonly string[];
  readonly name: string;
}

/** Whether a file in a folder is called as logs and completions are. */
export function isLogName(name: string): boolean {
  return logNames.test(name);
}

/** Where a file lies; that of a checkpoint in the place of the run's own. */
export function placeOf({ folders, name }: Placed): string {
  return [...folders.filter((folder) => !checkpoint.test(folder)), name].join('/');
}

/** The folder that is a run's own. */
export function runFolderOf(folders: readonly string[]): string | undefined {
  return folders.findLast((folder) => !checkpoint.test(folder));
}

/** Of the states in a run's folder and its checkpoints the newest alone: it holds what the others hold. */
export function newestOf<File extends Placed>(found: readonly File[]): readonly File[] {
  const newest = new Map<string, { readonly number: number; readonly file: File }>();
  for (const file of found) {
    const place = placeOf(file);
    const number = Number(checkpoint.exec(file.folders.at(-1) ?? '')?.[1] ?? Infinity);
    const before = newest.get(place);
    if (before === undefined || number > before.number) newest.set(place, { number, file });
  }
  return [...newest.values()].map(({ file }) => file);
}
