import type { AskedFigures, PromptFigures } from '../diagnostics/asked.ts';
import type { Failure } from '../lib/failure.ts';

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
  /** What is asked: typed, or a file of JSON lines; and how. The price follows. */
  | { readonly type: 'wish'; readonly prompts: string | File; readonly wish: Wish }
  | { readonly type: 'ask' }
  | { readonly type: 'stop' }
  /** Has the completions of a prompt shown. */
  | { readonly type: 'show'; readonly prompt: number }
  /** Finds answers by another form in what was said. */
  | { readonly type: 'answers'; readonly wanted: string | null }
  /** Frees what the models take on the GPU. */
  | { readonly type: 'release' }
  /** All completions as JSON lines. */
  | { readonly type: 'lines' };

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

/** What one model answered. */
export interface Answers {
  readonly name: string;
  /** How answers were found; null where in too few completions. */
  readonly form: string | null;
  /** Per prompt; null where it was not asked yet. */
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

/** What one model said to a prompt. */
export interface Shown {
  readonly name: string;
  readonly completions: readonly ShownCompletion[];
}

/** How two models differ. */
export interface Between {
  readonly overlap: number;
  /** KL(model ‖ against) and the other way round, nats a token, each on its own completions. */
  readonly forth: number;
  readonly back: number;
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
};

/** What the worker tells. */
export type AskEvent =
  | { readonly type: 'state'; readonly state: Partial<AskState> }
  | { readonly type: 'lines'; readonly text: string };
