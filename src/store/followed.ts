import { createStore } from 'zustand/vanilla';
import { LabError } from '../lib/labError.ts';
import {
  folderLimits,
  isLogName,
  newestOf,
  type Placed,
  placeOf,
  runFolderOf,
} from '../records/watched/folder.ts';
import { type LaneStatus, withoutTruth } from './status.ts';
import { view } from './view.ts';
import { readFiles, refreshFile, watch, type WatchedRun } from './watch.ts';

/** A file or a folder that the browser was allowed to read again. */
export type Handle = FileSystemFileHandle | FileSystemDirectoryHandle;

/** A file or folder that is read whenever it changes. */
export interface Followed {
  readonly id: number;
  readonly name: string;
  /** Of a folder: logs and completions in it that are read. */
  readonly files: number;
  /** Why it can't be read just now; null where it can. */
  readonly lost: string | null;
}

export interface FollowState {
  readonly followed: readonly Followed[];
  /** What turned last, in a sentence; empty until then. */
  readonly turned: string;
}

/** What the page follows while the tab lives. */
export const following = createStore<FollowState>()(() => ({ followed: [], turned: '' }));

/** How often the files are looked at. */
const everyMs = 3000;
/** Of the time a look takes, how many times that is waited at least. */
const mostShare = 10;

/** A file that is followed, as it was read last. */
interface Known {
  stamp: string;
  /** The number it was read under; null where it could not be read. */
  firstId: number | null;
}

interface Source {
  readonly id: number;
  readonly handle: Handle;
  /** By their places beneath it. */
  readonly known: Map<string, Known>;
  /** The newest run of each folder in it: what its completions belong to. */
  readonly runs: Map<string, number>;
}

interface Found extends Placed {
  readonly handle: FileSystemFileHandle;
}

let nextId = 1;
const sources = new Map<number, Source>();
let timer: ReturnType<typeof setTimeout> | null = null;

/** Reads files and folders, and from then on whenever one changes. Resolves when they were read the first time. */
export async function follow(handles: readonly Handle[]): Promise<void> {
  for (const handle of handles) {
    const source: Source = { id: nextId++, handle, known: new Map(), runs: new Map() };
    sources.set(source.id, source);
    following.setState(({ followed }) => ({
      followed: [...followed, { id: source.id, name: handle.name, files: 0, lost: null }],
    }));
    await look(source);
  }
  plan(everyMs);
}

/** Follows something no more; its runs stay as they are. */
export function stopFollowing(id: number): void {
  sources.delete(id);
  following.setState(({ followed }) => ({ followed: followed.filter((each) => each.id !== id) }));
}

function plan(ms: number): void {
  if (timer !== null) return;
  timer = setTimeout(() => {
    void round();
  }, ms);
}

async function round(): Promise<void> {
  const began = performance.now();
  for (const source of sources.values()) await look(source);
  timer = null;
  // A long log takes a second to be read: the page has other things to do.
  if (sources.size > 0) plan(Math.max(everyMs, mostShare * (performance.now() - began)));
}

/** Reads what is new or has changed. */
async function look(source: Source): Promise<void> {
  const { id, handle, known } = source;
  let lost: string | null = null;
  try {
    const fresh = new Map<string, { readonly place: string; readonly file: File }[]>();
    for (const { folders, handle: each } of newestOf(await filesIn(handle))) {
      const given = await each.getFile();
      const place = placeOf({ folders, name: given.name });
      const before = known.get(place);
      if (before === undefined) {
        // A run's folder: what lies deeper, checkpoints and completions, is part of it.
        const home = folders.slice(0, 2).join('/');
        fresh.set(home, [...(fresh.get(home) ?? []), { place, file: named(folders, given) }]);
      } else if (before.stamp !== stampOf(given)) await refresh(before, given);
    }
    for (const [home, files] of fresh) {
      if (sources.get(id) !== source) return;
      const before = new Set(watch.getState().runs.map((run) => run.id));
      const read = await readFiles(
        files.map(({ file }) => file),
        source.runs.get(home),
      );
      const added = watch.getState().runs.findLast((run) => !before.has(run.id));
      if (added !== undefined) source.runs.set(home, added.id);
      for (const { place, file } of files) {
        const firstId = read.find((one) => one.file === file)?.firstId ?? null;
        known.set(place, { stamp: stampOf(file), firstId });
      }
    }
  } catch (error) {
    // The file is gone, or permission is.
    if (!(error instanceof DOMException || error instanceof LabError)) throw error;
    lost = error.message;
  }
  following.setState(({ followed }) => ({
    followed: followed.map((each) => (each.id === id ? { ...each, files: known.size, lost } : each)),
  }));
}

async function refresh(known: Known, file: File): Promise<void> {
  const { firstId } = known;
  known.stamp = stampOf(file);
  if (firstId === null) return;
  const before = watch.getState().runs;
  await refreshFile({ file, firstId });
  for (const run of watch.getState().runs)
    tell(
      run,
      before.find(({ id }) => id === run.id),
    );
}

/** Says that the verdict on a run has turned: on the page, and where its reader allowed it, beyond it. */
function tell({ name, lane }: WatchedRun, before: WatchedRun | undefined): void {
  const seen = view.getState().truthHidden ? withoutTruth : (status: LaneStatus) => status;
  const [now, then] = [lane, before?.lane].map((each) => (each ? seen(each.status) : undefined));
  if (now === undefined || then === undefined || now.state === then.state) return;
  const title = `${name}: ${now.state === 'waiting' ? 'not judged' : now.state}`;
  following.setState({ turned: `${title}. ${now.reason}` });
  if ('Notification' in globalThis && Notification.permission === 'granted') {
    new Notification(title, { body: now.reason, tag: name });
  }
}

function stampOf({ size, lastModified }: File): string {
  return `${size} ${lastModified}`;
}

/** Trainers call their files the same in every run: within a folder the name of the run's own tells them apart. */
function named(folders: readonly string[], file: File): File {
  const run = runFolderOf(folders);
  if (folders.length < 2 || run === undefined) return file;
  return new File([file], `${run}, ${file.name}`, { lastModified: file.lastModified });
}

async function filesIn(handle: Handle, folders: readonly string[] = []): Promise<readonly Found[]> {
  if (handle.kind === 'file') return [{ folders, name: handle.name, handle }];
  if (folders.length > folderLimits.deepest) return [];
  const files: Found[] = [];
  for await (const entry of handle.values()) {
    if (files.length >= folderLimits.files) break;
    if (entry.kind === 'directory' || isLogName(entry.name))
      files.push(...(await filesIn(entry, [...folders, handle.name])));
  }
  const byName = new Intl.Collator('en', { numeric: true });
  return files.slice(0, folderLimits.files).sort((a, b) => byName.compare(a.name, b.name));
}
