import type { LiveChange, RunHead } from '../records/run.ts';
import type { Failure } from '../lib/failure.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { PackedStep } from './keptRollouts.ts';
import type { SentCheckpoint } from './sentCheckpoint.ts';

/** A lane as it stood on the page; what it measured lies in the folder of its run, where there is one. */
export interface KeptLane {
  readonly run: string;
  readonly slot: number;
  readonly name: string;
  /** As the reader left them. */
  readonly settings: Settings;
  readonly origin: { readonly name: string; readonly step: number } | null;
}

/** The lanes that a page showed together. */
export interface KeptLab {
  readonly id: string;
  readonly preset: string;
  /** Milliseconds since 1970: for people, and to find the newest. */
  readonly updated: number;
  readonly selected: number;
  readonly lanes: readonly KeptLane[];
  readonly marks: readonly {
    readonly step: number;
    readonly runs: readonly string[];
    readonly text: string;
    readonly kind: 'change' | 'guard' | 'fork' | 'gap';
  }[];
  /** Read from a file: it can be looked at, and nothing of it goes on. */
  readonly imported?: true;
}

/** What its reader calls a lab, and wrote about it; empty where nothing. */
export interface KeptLabel {
  readonly name: string;
  readonly notes: string;
}

/** A run in the list of those that are kept. */
export interface KeptEntry {
  readonly id: string;
  readonly lab: string;
  readonly name: string;
  readonly preset: string;
  /** Milliseconds since 1970, as of the last save. */
  readonly updated: number;
  readonly step: number;
  /** How it fares, in a word or two. */
  readonly verdict: string;
  /** Held-out accuracy over the run, some dozens of values. */
  readonly spark: readonly number[];
}

/** Lanes that stood together, and what the list says of their runs, lanes that were given up included. */
export interface ListedLab {
  readonly lab: KeptLab;
  readonly label: KeptLabel;
  readonly runs: readonly ListedRun[];
}

/** What checkpoints to fork from may take of a run: some thirty of the largest base model. */
export const forkableBytes = 32 * 2 ** 20;
/** What its rollouts may take: those of some hundreds of steps of a preset. */
export const rolloutBytes = 16 * 2 ** 20;

/** What is kept of a run. */
export interface KeptSize {
  /** Steps of its checkpoints, ascending. */
  readonly checkpoints: readonly number[];
  /** Its rollouts are those of every so many steps; null: there are none. */
  readonly rollouts: number | null;
  /** On the disk. */
  readonly bytes: number;
}

/** What of a run goes next, as there is room for so much and no more. */
export interface Thinning {
  /** Steps of the checkpoints that the next one takes the place of. */
  readonly checkpoints: readonly number[];
  /** Rollouts will be those of every so many steps; null: not yet. */
  readonly rollouts: number | null;
}

export interface ListedRun extends KeptEntry {
  readonly size: KeptSize;
  /** Of a run that this page trains. */
  readonly thinning: Thinning | null;
}

/** A run as its folder holds it. */
export interface KeptCourseState {
  readonly head: RunHead;
  readonly changes: readonly LiveChange[];
  /** Up to the newest checkpoint, [rows × metrics] in table order. */
  readonly rows: Float64Array<ArrayBuffer>;
  /** What was measured after it and will come out once more, likewise. */
  readonly again: Float64Array<ArrayBuffer>;
  /** Where it goes on; null: at its beginning. */
  readonly checkpoint: Checkpoint | null;
  /** Where it can be forked, oldest first, the newest included. */
  readonly forkable: readonly Checkpoint[];
  /** Up to there, of every step or of every second and so on, ascending. */
  readonly rollouts: readonly PackedStep[];
  readonly notes: readonly string[];
}

/** The lanes of a page once more. */
export interface RestoredLab {
  readonly lab: KeptLab;
  /** By run; a lane that had not begun has none. */
  readonly courses: ReadonlyMap<string, KeptCourseState>;
}

/** The lanes of a page that another page has. */
export interface BusyLab {
  readonly busy: string;
}

/** When a keeper that keeps nothing more can begin again: never, once other lanes are opened, or then and on request. */
export type KeepsAgain = 'never' | 'opened' | 'asked';

/** What the page asks of the keeper, which does one after the other. A run is named by an id that no other ever has. */
export type KeepRequest =
  /** Rows as in `KeptCourseState`. */
  | {
      readonly type: 'begin';
      readonly run: string;
      readonly head: RunHead;
      readonly changes: readonly LiveChange[];
      readonly rows: Float64Array<ArrayBuffer>;
    }
  | { readonly type: 'rows'; readonly run: string; readonly rows: Float64Array<ArrayBuffer> }
  /** Of steps whose rows were told before, ascending. */
  | { readonly type: 'rollouts'; readonly run: string; readonly steps: readonly PackedStep[] }
  | { readonly type: 'changed'; readonly run: string; readonly change: LiveChange }
  | { readonly type: 'checkpoint'; readonly run: string; readonly sent: SentCheckpoint }
  /** The run goes on from the checkpoint of a step after what came later was lost; step 0: from its beginning. */
  | { readonly type: 'back'; readonly run: string; readonly step: number }
  /** Runs are kept again, none of which the keeper knows yet. */
  | { readonly type: 'again' }
  | { readonly type: 'save'; readonly lab: KeptLab; readonly runs: readonly KeptEntry[] }
  /** @param lab null: the newest @param take from another page that has it; that one is told, and keeps it no more */
  | { readonly type: 'restore'; readonly lab: string | null; readonly take: boolean }
  /**
   * The page shows these runs no more: what waits of them is written, and no more is remembered.
   * @param lab where it shows other lanes altogether, those that it left: another page may have them
   */
  | { readonly type: 'leave'; readonly runs: readonly string[]; readonly lab: string | null }
  /** Another page takes what this one has: all that was asked before is done, and nothing after. */
  | { readonly type: 'yield' }
  /** What is kept, for the list. */
  | { readonly type: 'list' }
  /** What its reader calls a lab. */
  | { readonly type: 'label'; readonly lab: string; readonly label: KeptLabel }
  /** The records of runs, whoever has them. */
  | { readonly type: 'read'; readonly runs: readonly string[] }
  /** Keeps a lab that was read from a file, all of it or nothing. @param records lines of one run each, in the order of `runs` */
  | {
      readonly type: 'import';
      readonly lab: KeptLab;
      readonly label: KeptLabel;
      readonly runs: readonly KeptEntry[];
      readonly records: readonly string[];
    }
  /** Nothing of a lab is kept any more; it is none that the page shows. */
  | { readonly type: 'delete'; readonly lab: string }
  /** What waits is written now. */
  | { readonly type: 'flush' };

/** What the keeper answers, each once, in order; also while it keeps nothing more, unless that is for good. */
export type KeepQuestion = Extract<
  KeepRequest,
  { readonly type: 'restore' | 'list' | 'label' | 'read' | 'import' | 'delete' }
>;

/** What the keeper answers to a question. */
export type KeepAnswer =
  | { readonly type: 'restored'; readonly found: RestoredLab | BusyLab | null }
  /** Newest first. */
  | { readonly type: 'listed'; readonly labs: readonly ListedLab[] }
  /** JSON lines of one run each, in the order that was asked for; null: one of them can't be read. */
  | { readonly type: 'read'; readonly records: readonly string[] | null }
  | { readonly type: 'labelled' }
  | { readonly type: 'imported' }
  /** Busy: another page has it, and all of it stays. */
  | { readonly type: 'deleted'; readonly busy: boolean }
  /** What was asked can't be answered or done; what is kept goes on being kept. */
  | { readonly type: 'failed'; readonly failure: Failure };

/** What the keeper tells the page unasked. */
export type KeepNews =
  /** Another page wants what this one has: it comes to rest, and yields. */
  | { readonly type: 'wanted' }
  /** All that was measured up to a step is on the disk. */
  | { readonly type: 'kept'; readonly run: string; readonly step: number }
  /** What of a run goes next; told whenever that is something else. */
  | { readonly type: 'thins'; readonly run: string; readonly thinning: Thinning }
  /** Steps came out once more: what a comparison found. */
  | { readonly type: 'compared'; readonly run: string; readonly sentence: string }
  /** A run went back to a step of which nothing is kept: it is another one from now on, to be begun anew. */
  | { readonly type: 'unkept'; readonly run: string }
  /** Nothing is kept any more of what the page trains. */
  | { readonly type: 'stopped'; readonly failure: Failure; readonly until: KeepsAgain };

export type KeepReport = KeepAnswer | KeepNews;
