import type { Memory } from '../spec/memory.ts';

const store = 'm-grpo-lab';

function entry(key: string): string {
  // A new browser is a new compiler of shaders: nothing known of the old one counts.
  return new URL(`memory/${encodeURIComponent(`${navigator.userAgent}|${key}`)}`, self.location.origin).href;
}

/** The browser's own cache, which workers have too. */
export const browserMemory: Memory = {
  async read(key) {
    try {
      return (await (await (await caches.open(store)).match(entry(key)))?.text()) ?? null;
    } catch {
      return null;
    }
  },
  async write(key, value) {
    try {
      await (await caches.open(store)).put(entry(key), new Response(value));
    } catch {
      // Then it is found out again next time.
    }
  },
};
