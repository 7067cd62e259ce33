import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ready, TimedWorker } from '../../src/lib/timedWorker.ts';

/** Stands in for a worker: answers what it is told to, after so long. */
class Fake {
  static made: Fake[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  asked: unknown[] = [];
  ended = false;

  constructor(startMs: number, broken = false) {
    Fake.made.push(this);
    setTimeout(() => {
      if (broken) this.onerror?.({ message: 'no script' });
      else this.onmessage?.({ data: ready });
    }, startMs);
  }

  postMessage(question: { answer: string; afterMs: number }): void {
    this.asked.push(question.answer);
    setTimeout(() => {
      if (!this.ended) this.onmessage?.({ data: question.answer });
    }, question.afterMs);
  }

  terminate(): void {
    this.ended = true;
  }
}

function timed(
  limitMs: number,
  startMs = 0,
  broken = false,
): TimedWorker<{ answer: string; afterMs: number }, string> {
  return new TimedWorker(() => new Fake(startMs, broken) as unknown as Worker, limitMs);
}

beforeEach(() => {
  vi.useFakeTimers();
  Fake.made = [];
});
afterEach(() => {
  vi.useRealTimers();
});

it('is made with the first question, and answers one after another', async () => {
  const worker = timed(100);
  expect(Fake.made).toHaveLength(0);
  const answers = Promise.all(['a', 'b'].map((answer) => worker.ask({ answer, afterMs: 50 })));
  await vi.advanceTimersByTimeAsync(40);
  expect(Fake.made.map(({ asked }) => asked)).toEqual([['a']]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await answers).toEqual(['a', 'b']);
  expect(Fake.made.map(({ asked }) => asked)).toEqual([['a', 'b']]);
});

it('is ended when an answer takes too long, and made anew for the next question', async () => {
  const worker = timed(100);
  const slow = worker.ask({ answer: 'slow', afterMs: 101 });
  const next = worker.ask({ answer: 'next', afterMs: 99 });
  await vi.advanceTimersByTimeAsync(300);
  expect(await slow).toBeNull();
  expect(await next).toBe('next');
  expect(Fake.made.map(({ ended }) => ended)).toEqual([true, false]);
});

it('may take its time to start', async () => {
  const answer = timed(100, 5000).ask({ answer: 'a', afterMs: 10 });
  await vi.advanceTimersByTimeAsync(6000);
  expect(await answer).toBe('a');
});

it('says when it could not be loaded, and tries again', async () => {
  const worker = timed(100, 10, true);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const failed = expect(worker.ask({ answer: 'a', afterMs: 10 })).rejects.toThrow('no script');
    await vi.advanceTimersByTimeAsync(50);
    await failed;
    expect(Fake.made).toHaveLength(attempt);
  }
});
