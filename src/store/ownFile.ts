import { createStore } from 'zustand/vanilla';
import { lanesAsRecord, savingLanes } from './exportMetrics.ts';
import { labName } from './labName.ts';
import { lab, type LabState, stepOf } from './lanes.ts';

/** What browsers have that let a page write a file of its reader's; the types of pages lack it. */
interface Picker {
  showSaveFilePicker?: (options: {
    readonly suggestedName: string;
    readonly types: readonly { readonly description: string; readonly accept: Record<string, string[]> }[];
  }) => Promise<FileSystemFileHandle>;
}

/** What is known of the file in which the run is kept up to date. */
export interface OwnFile {
  /** Null: there is none. */
  readonly name: string | null;
  /** What it holds: lanes, each up to a step. */
  readonly lanes: readonly { readonly name: string; readonly step: number }[];
}

export const ownFile = createStore<OwnFile>()(() => ({ name: null, lanes: [] }));

/** While it trains, the file is written anew at most this often, and never for more than a twentieth of the time. */
const everyMs = 30_000;
const mostShare = 1 / 20;

let stop = (): void => undefined;

/** Whether this browser lets a page keep a file of its reader's up to date; else there is the download. */
export function canKeepFile(): boolean {
  return 'showSaveFilePicker' in globalThis;
}

/**
 * Where `canKeepFile`: has the reader choose a file, and keeps the record of all lanes in it up to date: a second copy, which deleting the
 * browser's data leaves alone. The browser puts what is written in the place of the old file once it is whole. It ends
 * when other lanes are opened, which would take the place of these in it.
 */
export async function keepInFile(): Promise<void> {
  const { showSaveFilePicker } = globalThis as Picker;
  if (showSaveFilePicker === undefined) return;
  let handle: FileSystemFileHandle;
  try {
    handle = await showSaveFilePicker({
      suggestedName: `m-grpo-lab-${lab.getState().preset}.jsonl`,
      types: [{ description: 'Record of the lab', accept: { 'application/x-ndjson': ['.jsonl'] } }],
    });
  } catch (error) {
    // The reader thought better of it.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    refused('', error);
    return;
  }
  stop();
  follow(handle);
}

/** The file stays as it is from now on. */
export function leaveFile(): void {
  stop();
  ownFile.setState({ name: null, lanes: [] });
}

function follow(handle: FileSystemFileHandle): void {
  const whose = labName();
  let writes = false;
  let dueAt = 0;
  let over = false;
  /** What of the lanes it holds. */
  let held = '';
  const write = async (): Promise<void> => {
    const { lanes } = lab.getState();
    const [contents, note, began] = [contentsOf(lanes), savingLanes(lanes), performance.now()];
    const file = await handle.createWritable();
    await file.write(lanesAsRecord());
    await file.close();
    const ended = performance.now();
    dueAt = ended + Math.max(everyMs, (ended - began) / mostShare);
    note();
    held = contents;
    if (over) return;
    ownFile.setState({
      name: handle.name,
      lanes: lanes.map((lane) => ({ name: lane.name, step: stepOf(lane) })),
    });
  };
  const look = (): void => {
    const { state, lanes } = lab.getState();
    if (labName() !== whose) {
      leaveFile();
      return;
    }
    if (writes || contentsOf(lanes) === held) return;
    // At rest nothing more comes that would have it written.
    if (state === 'training' && performance.now() < dueAt) return;
    writes = true;
    write().then(
      () => {
        writes = false;
        if (!over) look();
      },
      (error: unknown) => {
        if (over) return;
        leaveFile();
        refused(handle.name, error);
      },
    );
  };
  const unsubscribe = lab.subscribe(look);
  stop = () => {
    over = true;
    unsubscribe();
    stop = () => undefined;
  };
  ownFile.setState({ name: handle.name, lanes: [] });
  look();
}

/** Others where the record is another one: a lane forked, begun once more, changed or renamed may be at the same step. */
function contentsOf(lanes: LabState['lanes']): string {
  return JSON.stringify(lanes.map((lane) => [lane.id, lane.name, stepOf(lane), lane.changes.length]));
}

function refused(name: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  lab.setState({
    notice: `The file ${name} can’t be written (${why}): nothing is kept in it any more. Choose another one; what the browser keeps is not touched.`,
  });
}
