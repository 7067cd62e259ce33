import '../lib/trustedScripts.ts';
import { Keeper, type Places } from './keeper.ts';
import type { KeepRequest } from './kept.ts';
import { isMissing, OpfsFolder } from './opfsFolder.ts';
import { openRunIndex } from './runIndex.ts';
import { LabError } from '../lib/labError.ts';

/** A page that holds a run longer than this is not going. */
const goingMs = 5000;

/** The keeper's worker: between the page's messages and the browser's storage. */
let places: Promise<Places> | null = null;
const keeper = new Keeper(
  () => (places ??= open()),
  (report) => {
    self.postMessage(report);
  },
);

self.onmessage = ({ data }: MessageEvent<KeepRequest>) => {
  keeper.receive(data);
};

async function open(): Promise<Places> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle('runs', { create: true });
  const index = await openRunIndex(() => {
    keeper.stop(
      new LabError(
        'bad-file',
        'Another version of the lab took over what is kept, or it was deleted: from here on, this page keeps nothing.',
        'Reload the page. Export first what you want to keep.',
      ),
    );
  });
  const claimed = new Set<string>();
  return {
    index,
    folder: async (run) => new OpfsFolder(await runs.getDirectoryHandle(run, { create: true })),
    remove: async (run) => {
      try {
        await runs.removeEntry(run, { recursive: true });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
    claim: async (lab) => {
      if (claimed.has(lab)) return true;
      const got = await new Promise<boolean>((resolve) => {
        // Held until the page goes. One that was just reloaded or killed may still be going.
        const signal = AbortSignal.timeout(goingMs);
        const held = (): Promise<never> => {
          resolve(true);
          return new Promise(() => undefined);
        };
        navigator.locks.request(`m-grpo-lab ${lab}`, { signal }, held).catch(() => {
          resolve(false);
        });
      });
      if (got) claimed.add(lab);
      return got;
    },
  };
}
