import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Endable, ready, TimedWorker } from '../../src/lib/timedWorker.ts';

/** A worker whose answers the test gives. */
interface Staged extends Endable {
  ended: boolean;
  readonly asked: unknown[];
}

const made: Staged[] = [];
const limitMs = 1000;
const worker = () =>
  new TimedWorker<string, string>(() => {
    const staged: Staged = {
      ...{ onmessage: null, onerror: null, ended: false, asked: [] },
      postMessage: (question) => staged.asked.push(question),
      terminate: () => {
        staged.ended = true;
      },
    };
    made.push(staged);
    return staged;
  }, limitMs);
const says = (data: unknown, of = made.at(-1)) => of?.onmessage?.({ data } as MessageEvent);
const breaks = (message: string, of = made.at(-1)) => of?.onerror?.({ message } as ErrorEvent);
/** What waits for nothing but promises is done. */
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  made.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

it('asks one question after another, of one worker', async () => {
  const timed = worker();
  const answers = Promise.all([timed.ask('a'), timed.ask('b')]);
  await settled();
  says(ready);
  await settled();
  expect(made.map(({ asked }) => asked)).toEqual([['a']]);
  says('A');
  await settled();
  says('B');
  expect(await answers).toEqual(['A', 'B']);
  expect(made.map(({ asked, ended }) => [asked, ended])).toEqual([[['a', 'b'], false]]);
});

it('a worker that takes too long is ended, and one that breaks; the next question starts another', async () => {
  const timed = worker();
  const slow = timed.ask('slow');
  await settled();
  says(ready);
  await vi.advanceTimersByTimeAsync(limitMs);
  expect(await slow).toBe(null);
  const broken = timed.ask('broken');
  const seen = expect(broken).rejects.toThrow('out of memory');
  await settled();
  says(ready);
  await settled();
  breaks('out of memory');
  await seen;
  const last = timed.ask('last');
  await settled();
  says(ready);
  await settled();
  says('there');
  expect(await last).toBe('there');
  await settled();
  expect(made.map(({ ended }) => ended)).toEqual([true, true, false]);
});

it('a worker that breaks while nothing is asked of it makes place for another, too', async () => {
  const timed = worker();
  const first = timed.ask('first');
  await settled();
  says(ready);
  await settled();
  says('there');
  expect(await first).toBe('there');
  breaks('lost');
  await settled();
  void timed.ask('second');
  await settled();
  expect(made.map(({ ended }) => ended)).toEqual([true, false]);
});

it('a worker that can’t be loaded is no answer, and the next question tries again', async () => {
  const timed = worker();
  const seen = expect(timed.ask('first')).rejects.toThrow('a worker could not be loaded');
  await settled();
  breaks('');
  await seen;
  void timed.ask('second');
  await settled();
  expect(made).toHaveLength(2);
});
