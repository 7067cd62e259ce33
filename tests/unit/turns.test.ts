import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Turns } from '../../src/gpu/turns.ts';

const [a, b] = [{}, {}];

it('alone, nothing of a wait is for others', () => {
  const turns = new Turns();
  turns.left(a, 5);
  turns.served(a, 25);
  expect(turns.forOthers(a, 10, 30, 20)).toBe(0);
  expect(turns.forOthers(a, 10, 30, NaN)).toBe(0);
});

it('the device works for whoever came first: the wait until then is not the second’s', () => {
  const turns = new Turns();
  // Both wait from 0 on; 30 ms of the first, then 20 of the second, and 1 for the way back.
  turns.left(a, 0);
  turns.left(b, 0);
  turns.served(a, 30);
  expect(turns.forOthers(a, 0, 30, 29)).toBe(0);
  turns.served(b, 51);
  for (const deviceMs of [20, NaN]) expect(turns.forOthers(b, 0, 51, deviceMs)).toBe(30);
});

it('what was served before a wait is no part of it, and who is gone is forgotten', () => {
  const turns = new Turns();
  turns.served(a, 30);
  expect(turns.forOthers(b, 40, 10, 8)).toBe(0);
  expect(turns.forOthers(b, 20, 20, 8)).toBe(10);
  turns.forget(a);
  expect(turns.forOthers(b, 20, 20, 8)).toBe(0);
});

it('a thread held by others counts where the device has not been at work for this run', () => {
  const turns = new Turns();
  turns.served(a, 10);
  // Until 18 the first votes and packs; the second's 3 ms on the device were over at 13.
  turns.left(a, 18);
  expect(turns.forOthers(b, 0, 18.5, 3)).toBe(15.5);
  // Its 8 ms were over at 18: no time lost to the thread.
  expect(turns.forOthers(b, 0, 18.5, 8)).toBe(10.5);
});

it('a queue worked off in order: each lane’s own figures are the same as if it were alone', () => {
  const ms = fc.integer({ min: 1, max: 100 });
  const lane = fc.record({ deviceMs: ms, hostMs: ms, readbackMs: fc.integer({ min: 0, max: 5 }) });
  fc.assert(
    fc.property(fc.array(lane, { minLength: 1, maxLength: 4 }), fc.boolean(), (lanes, timed) => {
      const turns = new Turns();
      let device = 0;
      let thread = 0;
      let heldMs = 0;
      for (const each of lanes) turns.left(each, 0);
      for (const each of lanes) {
        device += each.deviceMs;
        // Whoever holds the thread until then, the answer is seen when it is free.
        const seen = Math.max(device + each.readbackMs, thread);
        turns.served(each, seen);
        const others = turns.forOthers(each, 0, seen, timed ? each.deviceMs : NaN);
        const own = seen - others;
        expect(others).toBeGreaterThanOrEqual(0);
        // Never more than alone; without the device's own times, a thread held by the one before is not told apart.
        const alone = each.deviceMs + each.readbackMs;
        expect(own).toBeLessThanOrEqual(timed ? alone : Math.max(alone, heldMs));
        if (timed) expect(own).toBeGreaterThanOrEqual(each.deviceMs);
        thread = seen + each.hostMs;
        heldMs = each.hostMs;
        turns.left(each, thread);
      }
    }),
  );
});
