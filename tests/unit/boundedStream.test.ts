import { expect, test } from 'vitest';
import { readBounded } from '../../src/lib/boundedStream.ts';

test('a stream is read whole, and no further than it may be long', async () => {
  let given = 0;
  let cancelled = false;
  const endless = (most: number) =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: () => void (given = 0),
      pull(controller) {
        if (given === most) controller.close();
        else controller.enqueue(Uint8Array.of(given++, 7));
      },
      cancel: () => void (cancelled = true),
    });
  expect(await readBounded(endless(3), 6)).toEqual(Uint8Array.of(0, 7, 1, 7, 2, 7));
  expect(await readBounded(endless(0), 0)).toEqual(new Uint8Array());
  expect(cancelled).toBe(false);
  expect(await readBounded(endless(Infinity), 6)).toBeNull();
  expect(cancelled).toBe(true);
  expect(given).toBeLessThan(8);
});
