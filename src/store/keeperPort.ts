import type { KeepAnswer, KeepNews, KeepQuestion, KeepReport, KeepRequest } from '../storage/kept.ts';
import { kept } from './keptState.ts';

/** What the page needs of the keeper's worker. */
export interface KeeperPort {
  postMessage(request: KeepRequest, transfer?: Transferable[]): void;
  onmessage: ((message: MessageEvent<KeepReport>) => void) | null;
  onerror: ((failure: ErrorEvent) => void) | null;
  terminate(): void;
}

let makeWorker: (() => KeeperPort) | null = null;
let keeper: KeeperPort | null = null;
let heard: (news: KeepNews) => void = () => undefined;
/** What was asked and by whom: answers come in the order of the questions; null: there will be none. */
let waiting: { readonly question: KeepQuestion; readonly answer: (answer: KeepAnswer | null) => void }[] = [];

/** @param make starts the keeper's worker, when there is something to do for it @param hear told what was not asked for */
export function keeperIn(make: () => KeeperPort, hear: (news: KeepNews) => void): void {
  makeWorker = make;
  heard = hear;
}

/** Whether a keeper is there, or can be made. */
export function hasKeeper(): boolean {
  return makeWorker !== null && kept.getState().until !== 'never';
}

/** Whether one was made: else it knows of nothing. */
export function keeperWorks(): boolean {
  return keeper !== null;
}

export function post(request: KeepRequest, transfer: Transferable[] = []): void {
  if (makeWorker === null || !hasKeeper()) return;
  if (keeper === null) {
    keeper = makeWorker();
    keeper.onmessage = ({ data }) => {
      receive(data);
    };
    keeper.onerror = ({ message }) => {
      keeperStopped(message || 'its script could not be loaded');
    };
  }
  keeper.postMessage(request, transfer);
}

/** Asks what the keeper answers. @returns null where nothing is kept */
export function ask(question: KeepQuestion): Promise<KeepAnswer | null> {
  return new Promise((resolve) => {
    if (!hasKeeper()) {
      resolve(null);
      return;
    }
    waiting.push({ question, answer: resolve });
    post(question);
  });
}

/** Another keeper, when there is something to do for it. */
export function endKeeper(): void {
  keeper?.terminate();
  keeper = null;
}

/** Asks once more what the one before was asked and didn't answer. */
export function askOnceMore(): void {
  for (const { question } of waiting) post(question);
}

/** Keepers stop whatever is done: nothing is kept any more. */
export function keeperStopped(why: string): void {
  receive({
    type: 'stopped',
    failure: {
      code: 'bug',
      sentence: `From here on, runs are not kept: their keeper stopped (${why}).`,
      remedy: 'Training goes on. Export what you want to keep.',
    },
    until: 'never',
  });
}

function receive(report: KeepReport): void {
  switch (report.type) {
    case 'restored':
    case 'listed':
    case 'labelled':
    case 'read':
    case 'imported':
    case 'deleted':
    case 'failed':
      waiting.shift()?.answer(report);
      return;
    default:
      heard(report);
  }
  if (report.type !== 'stopped' || report.until !== 'never') return;
  for (const { answer } of waiting) answer(null);
  waiting = [];
}
