import type { LoraHead } from '../records/lora.ts';
import type { AskedFigures, PromptFigures } from '../diagnostics/asked.ts';
import type { AdapterSummary } from '../gpu/device.ts';
import type { Failure } from '../lib/failure.ts';
import type { Event } from '../session/protocol.ts';
import type { AdapterChoice } from '../settings/adapterKnobs.ts';
import type { Settings } from '../settings/hyperparameters.ts';

export type { AskedFigures, PromptFigures } from '../diagnostics/asked.ts';

/** Which of two folders: the model, and the one it is compared with. */
export const slots = ['model', 'against'] as const;
export type Slot = (typeof slots)[number];

/** What the page says of how prompts are to be asked. */
export interface Wish {
  readonly groupSize: number;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Completions at once, at most. */
  readonly rows: number;
  /** Whether prompts are written as the model's chat template has it. */
  readonly chat: boolean;
  readonly weights: 'file' | 'int8';
  /** What the GPU has, as the reader says; null: nobody knows. */
  readonly memoryBytes: number | null;
  /** A form's name or a pattern; null: the surest that is often found. */
  readonly answer: string | null;
}

/** What the page asks of the worker that holds the models. */
export type AskCommand =
  /** Opens a folder's files, by their names. */
  | { readonly type: 'open'; readonly slot: Slot; readonly name: string; readonly files: readonly File[] }
  | { readonly type: 'close'; readonly slot: Slot }
  /** What is asked: typed, or a file of JSON lines, null where it is what it was; and how. The price follows. */
  | { readonly type: 'wish'; readonly prompts: string | File | null; readonly wish: Wish }
  | { readonly type: 'ask' }
  | { readonly type: 'stop' }
  /** Has the completions of a prompt shown. */
  | { readonly type: 'show'; readonly prompt: number }
  /** Finds answers by another form in what was said. */
  | { readonly type: 'answers'; readonly wanted: string | null }
  /** Frees what the models take on the GPU. */
  | { readonly type: 'release' }
  /** All completions as JSON lines. */
  | { readonly type: 'lines' }
  | TrainCommand;

/** What the page asks for an adapter's training, of the model that is open and the prompts that are wished for. */
export type TrainCommand =
  /** What is to be trained, and how. Its price follows. */
  | { readonly type: 'plan'; readonly plan: AdapterPlan }
  /** Begins a run, or goes on with the one that rests. @param anew whether one that has ended gives way to another */
  | { readonly type: 'train'; readonly anew: boolean }
  /** Of the run that has ended another one, which goes on from the checkpoint of a step as is planned now. */
  | { readonly type: 'fork'; readonly step: number }
  /** Rests at the next edge of a step. */
  | { readonly type: 'pause' }
  /** Ends the run at the next edge of a step: what it takes on the GPU is free, its adapter stays. */
  | { readonly type: 'end' }
  /** A live change; takes effect at the next step's edge. */
  | { readonly type: 'change'; readonly changes: Partial<Settings> }
  /** Which step's rollouts are shown (null: the newest), and which prompt's. */
  | { readonly type: 'watch'; readonly step: number | null; readonly prompt: number }
  /** The adapter as it is at the next edge of a step; answered by `adapter`. */
  | { readonly type: 'adapter' };

/** How an adapter is to be trained. */
export interface AdapterPlan {
  readonly settings: Settings;
  readonly choice: AdapterChoice;
  /** What the GPU has, as the reader says; null: nobody knows. */
  readonly memoryBytes: number | null;
}

/** What training will take, said before anything is loaded. */
export interface AdapterPrice {
  /** Prompts that are trained on, those held out, and all with a known answer. */
  readonly training: number;
  readonly heldOut: number;
  readonly known: number;
  /** Numbers of the adapter. */
  readonly size: number;
  /** Its rank, which one that is gone on from has itself. */
  readonly rank: number;
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly adapterBytes: number;
  readonly updateBytes: number;
  readonly totalBytes: number;
  /** Of a step with completions as long as they may be, in words; null until it was measured. */
  readonly stepSeconds: string | null;
}

/** A run of an adapter. */
export interface TrainedRun {
  readonly name: string;
  readonly doing: 'loading' | 'compiling' | 'training' | 'paused' | 'ended';
  /** Of what is loaded or compiled. */
  readonly done: number;
  readonly all: number;
  readonly step: number;
  readonly steps: number;
  /** Mean of the steps since it last went on; null before the first. */
  readonly stepSeconds: number | null;
  /** What its steps without evaluation take, and how far that is from what was measured before; null where nothing was. */
  readonly miss: string | null;
  /** Of the newest adapter that there is once the run has ended; null before, and where there is none. */
  readonly kept: number | null;
  /** Steps where it can be forked once it has ended, ascending. */
  readonly forkable: readonly number[];
  /** Why it ended before its last step; null where it did not, or was told to. */
  readonly failed: Failure | null;
  /** A live change that was refused; the run is as it was. */
  readonly refused: Failure | null;
  /** Bytes that it takes on the GPU now. */
  readonly heldBytes: number;
  /** Whether its base is the model that is open. */
  readonly based: boolean;
}

/** All that the page shows of training, beside the rows. */
export interface TrainState {
  readonly price: AdapterPrice | null;
  /** Why it can't be trained so. */
  readonly refused: Failure | null;
  /** Why a run could not be begun; null where one was. */
  readonly failed: Failure | null;
  /** The newest run; null before the first. */
  readonly run: TrainedRun | null;
}

/** A file of an adapter. */
export interface AdapterFile {
  readonly name: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

/** An adapter of a run as PEFT reads it. */
export interface SavedAdapter {
  /** Steps that it was trained for. */
  readonly step: number;
  readonly policy: readonly AdapterFile[];
  /** Null where no anchor was kept. */
  readonly anchor: readonly AdapterFile[] | null;
}

/** A folder that was given. */
export interface Given {
  readonly name: string;
  /** What the model is; null while it is opened, and where it is refused. */
  readonly told: string | null;
  /** The file that has a chat template; null where there is none. */
  readonly chat: string | null;
  readonly refused: Failure | null;
}

/** What asking will take, said before anything is loaded. */
export interface Price {
  readonly prompts: number;
  /** Of them with a known answer. */
  readonly known: number;
  readonly promptTokens: number;
  /** The first prompt as the model is given it, where the chat template writes it. */
  readonly written: string | null;
  readonly completions: number;
  readonly inFlight: number;
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly workingBytes: number;
  readonly totalBytes: number;
  /** In words, where every completion is as long as it may be; null while it is measured. */
  readonly seconds: string | null;
}

/** What is being done, and how much of it. */
export interface Doing {
  readonly what: 'loading' | 'asking' | 'comparing';
  /** Whose: of the folder. */
  readonly name: string;
  readonly done: number;
  readonly all: number;
}

/** Prompts whose figures are listed; all of them count. */
export const mostListed = 500;

/** What one model answered. */
export interface Answers {
  readonly name: string;
  /** How answers were found; null where in too few completions. */
  readonly form: string | null;
  /** Of each prompt that is listed; null where it was not asked yet. */
  readonly each: readonly (PromptFigures | null)[];
  readonly all: AskedFigures;
}

/** A completion as it is shown. */
export interface ShownCompletion {
  /** What each token says, with what it was drawn from; empty while it is written: then there is `text` alone. */
  readonly pieces: readonly string[];
  readonly entropies: readonly number[];
  readonly logProbs: readonly number[];
  readonly text: string;
  readonly answer: string | null;
  readonly truncated: boolean;
}

/** Completions of a prompt that are written out; all of them vote. */
export const mostShown = 64;

/** What one model said to a prompt. */
export interface Shown {
  readonly name: string;
  /** The first of them, complete ones before those that are being written. */
  readonly completions: readonly ShownCompletion[];
  /** All of them. */
  readonly count: number;
  /** Null where none has most of them yet. */
  readonly vote: string | null;
  /** Of all that are complete. */
  readonly answers: readonly (string | null)[];
}

/** How two models differ. */
export interface Between {
  readonly overlap: number;
  /** KL(model ‖ against) and the other way round, nats a token, each on its own completions; null where it was stopped. */
  readonly forth: number | null;
  readonly back: number | null;
}

/** What asking took, beside what was said before. */
export interface Took {
  readonly seconds: number;
  /** How far that is from what was measured before. */
  readonly miss: string;
  readonly tokens: number;
  /** Of the completions wished for. */
  readonly completions: number;
  readonly stopped: boolean;
}

/** All that the page shows of it. */
export interface AskState {
  readonly given: Readonly<Record<Slot, Given | null>>;
  readonly price: Price | null;
  /** Why it can't be asked so. */
  readonly refused: Failure | null;
  readonly doing: Doing | null;
  /** What was asked. */
  readonly prompts: readonly { readonly prompt: string; readonly solution: string | null }[];
  readonly answers: readonly Answers[];
  readonly between: Between | null;
  /** The prompt that is shown, and what was said to it. */
  readonly shown: { readonly prompt: number; readonly said: readonly Shown[] };
  readonly took: Took | null;
  /** Why asking ended. */
  readonly failed: Failure | null;
  /** Bytes that the models take on the GPU now. */
  readonly heldBytes: number;
  readonly train: TrainState;
}

/** Nothing given, nothing asked. */
export const nothing: AskState = {
  given: { model: null, against: null },
  price: null,
  refused: null,
  doing: null,
  prompts: [],
  answers: [],
  between: null,
  shown: { prompt: 0, said: [] },
  took: null,
  failed: null,
  heldBytes: 0,
  train: { price: null, refused: null, failed: null, run: null },
};

/** What the worker tells. */
export type AskEvent =
  | { readonly type: 'state'; readonly state: Partial<AskState> }
  /** All completions as a file of JSON lines, or why they can't be had. */
  | { readonly type: 'lines'; readonly answer: Blob | Failure }
  /** A run begins: what its record begins with. */
  | {
      readonly type: 'begun';
      readonly name: string;
      readonly lora: LoraHead;
      readonly settings: Settings;
      readonly adapter: AdapterSummary;
    }
  /** Another run goes on from a step of the one before, under these settings. */
  | { readonly type: 'forked'; readonly step: number; readonly settings: Settings }
  /** Rows, rollouts, changes of the run, as those of a lane of the lab. */
  | { readonly type: 'run'; readonly event: Event }
  | { readonly type: 'adapter'; readonly answer: SavedAdapter | Failure };
