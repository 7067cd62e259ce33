import { describe, expect, it } from 'vitest';
import { Beats } from '../../src/store/watchPulse.ts';

const second = 1000;
const beatMs = 2 * second;

/** Beats on time. @returns after which one it was silence; null: never */
function beaten(beats: Beats, count: number, from = 0, seen = true): number | null {
  let first: number | null = null;
  for (let beat = 1; beat <= count; beat++) {
    if (beats.beat(from + beat * beatMs, seen)) first ??= beat;
  }
  return first;
}

describe('the pulse of a worker', () => {
  it('is silence half a minute after its last answer, and none once it answers', () => {
    const beats = new Beats();
    const first = beaten(beats, 30) ?? 0;
    expect(first * beatMs).toBeGreaterThan(30 * second);
    expect(first * beatMs).toBeLessThan(40 * second);
    beats.answered();
    expect(beats.beat(31 * beatMs, true)).toBe(false);
  });

  it('is no silence while the page is out of sight, however long, nor at once when it is seen again', () => {
    const beats = new Beats();
    expect(beaten(beats, 1000, 0, false)).toBe(null);
    expect(beaten(beats, 14, 1000 * beatMs)).toBe(null);
  });

  it('is no silence where the page slept or its timers were slowed down, nor where a clock jumps', () => {
    const beats = new Beats();
    let now = 0;
    for (let beat = 0; beat < 200; beat++) {
      now += 60 * second;
      expect(beats.beat(now, true)).toBe(false);
    }
    beaten(beats, 10, now);
    expect(beats.beat(now + 3600 * second, true)).toBe(false);
    expect(beaten(beats, 14, now + 3600 * second)).toBe(null);
  });
});
