import { createStore } from 'zustand/vanilla';
import {
  nothing,
  slots,
  type AskCommand,
  type AskEvent,
  type AskState,
  type Slot,
  type Wish,
} from '../asking/protocol.ts';
import { failureOf, type Failure } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import { fileNameOf } from '../lib/fileName.ts';
import { download } from './download.ts';
import { readFiles } from './watch.ts';
import { silentWords, vanishedWords, watchPulse } from './watchPulse.ts';

/** What the worker of the page's models tells. */
export const asked = createStore<AskState>()(() => nothing);

/** What the reader wants asked. */
export interface Wished {
  /** Typed, or a file of JSON lines. */
  readonly typed: string;
  readonly file: File | null;
  readonly wish: Wish;
}

export const wished = createStore<Wished>()(() => ({
  typed: 'What is 6 times 7?',
  file: null,
  wish: {
    ...{ groupSize: 16, temperature: 1, maxTokens: 256, seed: 1, rows: 64 },
    ...{ chat: false, weights: 'file', memoryBytes: null, answer: null },
  },
}));

/** Who types is not interrupted at every letter. */
const settleMs = 300;

/** What else the page does with the worker: it trains adapters. */
export interface Listener {
  /** The worker is there; it knows nothing yet. */
  readonly begun: () => void;
  /** What is wanted has changed. */
  readonly wished: () => void;
  readonly heard: (event: Exclude<AskEvent, { type: 'state' | 'lines' }>) => void;
  /** The worker is no more. @param why what who waits for something of it is told */
  readonly ended: (why: LabError) => void;
  /** Does what takes the model away, after a question where something would be lost. @param last with all that the worker holds */
  readonly leaving: (what: string, last: boolean, act: () => void) => void;
}

let listener: Listener | null = null;
let worker: Worker | null = null;
let stopWatching = (): void => undefined;
/** The prompts that the worker was told: a file would be read and cut into tokens once more. */
let told: string | File | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const waiting: { readonly resolve: (file: Blob) => void; readonly reject: (why: LabError) => void }[] = [];

export function send(command: AskCommand): void {
  worker?.postMessage(command);
}

/** Has another part of the page told what the worker says. */
export function listen(to: Listener): void {
  listener = to;
}

/** Begins the worker; with it goes all that it holds. */
function begin(): void {
  if (worker !== null) return;
  // What became of the one before is history.
  asked.setState(nothing, true);
  worker = new Worker(new URL('../asking/worker.ts', import.meta.url), { type: 'module', name: 'models' });
  worker.onmessage = ({ data }: MessageEvent<AskEvent>) => {
    if (data.type === 'state') asked.setState(data.state);
    else if (data.type === 'lines') hand(data.answer);
    else listener?.heard(data);
  };
  worker.onerror = ({ message }) => {
    gone(`The models’ worker stopped: ${message || 'its script could not be loaded'}.`);
  };
  let [before, hangs]: [Failure | null, Failure | null] = [null, null];
  stopWatching = watchPulse(worker, {
    vanished: () => {
      gone(`The models’ worker is gone: ${vanishedWords}.`);
    },
    silent: (silent) => {
      const { failed } = asked.getState();
      if (silent) {
        const sentence = `The models’ worker hangs: ${silentWords}.`;
        const remedy =
          'Where it still comes back, this goes away. Otherwise close the folders, which loses what it holds, and give them once more.';
        [before, hangs] = [failed, { code: 'bug', sentence, remedy }];
        asked.setState({ failed: hangs });
      } else if (failed === hangs) asked.setState({ failed: before });
    },
  });
  sendWish();
  listener?.begun();
}

/** Ends the worker. @param why what who still waits for something of it is told */
function end(why: LabError): void {
  stopWatching();
  worker?.terminate();
  worker = null;
  told = null;
  for (const { reject } of waiting.splice(0)) reject(why);
  listener?.ended(why);
  asked.setState(nothing, true);
}

/** The worker is no more, and nobody wanted that. */
function gone(sentence: string): void {
  const why = new LabError(
    'bug',
    sentence,
    'What it held is lost: completions, and an adapter that is in no file. Give the folder once more, and take fewer or shorter completions at once.',
  );
  end(why);
  tellFailed(why);
}

function sendWish(): void {
  clearTimeout(timer);
  const { typed, file, wish } = wished.getState();
  const prompts = file ?? typed;
  if (worker !== null) {
    send({ type: 'wish', prompts: prompts === told ? null : prompts, wish });
    told = prompts;
  }
  listener?.wished();
}

/** Opens a folder: its files are read in the worker, piece by piece, and go nowhere. */
export function giveFolder(slot: Slot, name: string, files: readonly File[]): void {
  const open = (): void => {
    begin();
    send({ type: 'open', slot, name, files });
  };
  if (slot === 'model' && listener !== null) listener.leaving(`Open ${name}`, false, open);
  else open();
}

/** Lets a folder go; with the last one goes the worker, and all that it holds on the GPU. */
export function closeFolder(slot: Slot): void {
  const { given } = asked.getState();
  const last = slots.every((each) => each === slot || given[each] === null);
  const close = (): void => {
    if (last)
      end(new LabError('bad-setting', 'The model was closed meanwhile.', 'Give the folder once more.'));
    else send({ type: 'close', slot });
  };
  if ((last || slot === 'model') && listener !== null)
    listener.leaving(`Close ${given[slot]?.name ?? ''}`, last, close);
  else close();
}

/** What is wanted, otherwise. */
export function wishFor(change: Partial<Omit<Wished, 'wish'>> | { readonly wish: Partial<Wish> }): void {
  wished.setState((before) => ({
    ...before,
    ...change,
    wish: { ...before.wish, ...('wish' in change ? change.wish : {}) },
  }));
  clearTimeout(timer);
  timer = setTimeout(sendWish, settleMs);
}

/** Asks what is wanted by now. */
export function askNow(): void {
  sendWish();
  send({ type: 'ask' });
}

/** Ends what is under way; what was said stays. */
export function stopAsking(): void {
  send({ type: 'stop' });
}

/** Shows what was said to a prompt. */
export function showPrompt(prompt: number): void {
  send({ type: 'show', prompt });
}

/** Finds the answers by another form, also in what was said. */
export function findAskedBy(answer: string | null): void {
  wishFor({ wish: { answer } });
  send({ type: 'answers', wanted: answer });
}

/** Frees what the models take on the GPU; they are loaded anew when they are asked. */
export function releaseModels(): void {
  send({ type: 'release' });
}

function lines(): Promise<Blob> {
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    send({ type: 'lines' });
  });
}

/** Hands out the completions to who waits for them, or why they can't be had. */
function hand(answer: Blob | Failure): void {
  for (const { resolve, reject } of waiting.splice(0)) {
    if ('code' in answer) reject(new LabError(answer.code, answer.sentence, answer.remedy));
    else resolve(answer);
  }
}

/** Says on the page what went wrong. */
export function tellFailed(error: unknown): void {
  asked.setState({ failed: failureOf(error) });
}

/** Of the models asked. */
function fileName(): string {
  const names = asked.getState().answers.map(({ name }) => name);
  return `${fileNameOf(names.join('-and-'))}.jsonl`;
}

/** Hands all completions to the browser as JSON lines. */
export async function exportSaid(): Promise<void> {
  const name = fileName();
  try {
    download(name, await lines());
  } catch (error) {
    tellFailed(error);
  }
}

/** Opens all completions on the page Watch. */
export async function watchSaid(): Promise<void> {
  const name = fileName();
  try {
    const file = new File([await lines()], name);
    location.hash = 'watch';
    await readFiles([file]);
  } catch (error) {
    tellFailed(error);
  }
}
