import { useEffect, useState } from 'react';
import { create } from 'zustand';
import type { BenchCommand, BenchEvent } from '../../bench/protocol.ts';
import { send } from '../../store/connection.ts';
import { lab } from '../../store/lanes.ts';

/** What the bench is at. It goes on while another page is read. */
type Progress =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly doing: string; readonly since: number }
  | { readonly state: 'failed'; readonly failure: Extract<BenchEvent, { type: 'failed' }>['failure'] }
  | {
      readonly state: 'done';
      readonly seconds: number;
      readonly done: Extract<BenchEvent, { type: 'done' }>;
    };

export const useBench = create<Progress>()(() => ({ state: 'idle' }));

/** Runs the benchmark in a worker of its own, which ends with it. A run of the lab would disturb the times: it pauses. */
export function startBench(quick: boolean): void {
  const training = lab.getState().state === 'training';
  if (training) send({ type: 'pause' });
  const since = performance.now();
  const worker = new Worker(new URL('../../bench/worker.ts', import.meta.url), {
    type: 'module',
    name: 'bench',
  });
  const end = (progress: Progress): void => {
    worker.terminate();
    useBench.setState(progress, true);
    if (training) send({ type: 'train' });
  };
  worker.onmessage = ({ data }: MessageEvent<BenchEvent>) => {
    if (data.type === 'progress') useBench.setState({ state: 'running', doing: data.doing, since }, true);
    else if (data.type === 'failed') end({ state: 'failed', failure: data.failure });
    else end({ state: 'done', seconds: (performance.now() - since) / 1000, done: data });
  };
  worker.onerror = ({ message }) => {
    const sentence = `The bench stopped: ${message || 'its script could not be loaded'}.`;
    end({ state: 'failed', failure: { code: 'bug', sentence, remedy: 'Reload the page.' } });
  };
  useBench.setState({ state: 'running', doing: 'Opening the GPU', since }, true);
  const command: BenchCommand = { quick, base: document.baseURI };
  worker.postMessage(command);
}

/** Seconds since a moment of the page's clock, told every second. */
export function useSecondsSince(since: number): number {
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(performance.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return Math.max(0, (now - since) / 1000);
}
