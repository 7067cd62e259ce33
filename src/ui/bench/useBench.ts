import { useEffect, useState } from 'react';
import { create } from 'zustand';
import type { BenchCommand, BenchEvent } from '../../bench/protocol.ts';
import { send } from '../../store/connection.ts';
import { lab } from '../../store/lanes.ts';

/** What the bench is at. It goes on while another page is read. Moments are milliseconds of the page's clock. */
export type Progress =
  | { readonly state: 'idle' }
  | {
      readonly state: 'running';
      readonly quick: boolean;
      /** In words: the part that is measured, and which of them it is. */
      readonly doing: string;
      /** 0 to 1, as of a moment. */
      readonly done: number;
      readonly at: number;
      readonly since: number;
    }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly failure: Extract<BenchEvent, { type: 'failed' }>['failure'] }
  | {
      readonly state: 'done';
      readonly seconds: number;
      readonly done: Extract<BenchEvent, { type: 'done' }>;
    };

export type Running = Extract<Progress, { state: 'running' }>;

export const useBench = create<Progress>()(() => ({ state: 'idle' }));

let end: ((progress: Progress) => void) | null = null;

/** Runs the benchmark in a worker of its own, which ends with it. A run of the lab would disturb the times: it pauses. */
export function startBench(quick: boolean): void {
  const training = lab.getState().state === 'training';
  if (training) send({ type: 'pause' });
  const since = performance.now();
  const worker = new Worker(new URL('../../bench/worker.ts', import.meta.url), {
    type: 'module',
    name: 'bench',
  });
  const ended = (progress: Progress): void => {
    end = null;
    worker.terminate();
    useBench.setState(progress, true);
    // Unless the reader has done something else with it.
    if (training && lab.getState().state === 'paused') send({ type: 'train' });
  };
  end = ended;
  const running = (doing: string, done: number): void => {
    useBench.setState({ state: 'running', quick, doing, done, at: performance.now(), since }, true);
  };
  worker.onmessage = ({ data }: MessageEvent<BenchEvent>) => {
    if (data.type === 'progress') running(`${data.part} of ${data.parts}: ${data.doing}`, data.done);
    else if (data.type === 'failed') ended({ state: 'failed', failure: data.failure });
    else ended({ state: 'done', seconds: (performance.now() - since) / 1000, done: data });
  };
  worker.onerror = ({ message }) => {
    const sentence = `The bench stopped: ${message || 'its script could not be loaded'}.`;
    ended({ state: 'failed', failure: { code: 'bug', sentence, remedy: 'Reload the page.' } });
  };
  running('Opening the GPU', 0);
  const command: BenchCommand = { quick, base: document.baseURI };
  worker.postMessage(command);
}

/** Ends what is measured; nothing of it is shown. */
export function cancelBench(): void {
  end?.({ state: 'cancelled' });
}

/** Least share from which on the rest can be guessed. */
const guessable = 0.05;

/** Seconds that are left by what was done so far; null where that says too little. */
export function secondsLeft(
  { done, at, since }: Pick<Running, 'done' | 'at' | 'since'>,
  now: number,
): number | null {
  if (done < guessable) return null;
  const then = ((at - since) * (1 - done)) / done;
  return Math.max(0, then - (now - at)) / 1000;
}

/** The page's clock, told every second. */
export function useClock(): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(performance.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}
