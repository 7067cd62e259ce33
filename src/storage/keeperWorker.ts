import '../lib/trustedScripts.ts';
import { answerPulse, type PulseRequest } from '../lib/pulse.ts';
import { Keeper, type Places } from './keeper.ts';
import { takenOver } from './keeperWords.ts';
import type { KeepReport, KeepRequest } from './kept.ts';
import { isMissing, OpfsFolder } from './opfsFolder.ts';
import { openRunIndex } from './runIndex.ts';
import { LabError } from '../lib/labError.ts';

/** A page that holds a run longer than this is not going. */
const goingMs = 5000;
/** One that is asked to yield makes its step and writes; longer than this, it is frozen or hangs. */
const yieldMs = 20_000;
const lockOf = (lab: string): string => `m-grpo-lab ${lab}`;

/** The keeper's worker: between the page's messages and the browser's storage. */
let places: Promise<Places> | null = null;
const keeper = new Keeper(
  () => (places ??= open()),
  (report) => {
    self.postMessage(report);
  },
);

self.onmessage = ({ data }: MessageEvent<KeepRequest | PulseRequest>) => {
  if (data.type === 'pulse') answerPulse(data);
  else keeper.receive(data);
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
      'never',
    );
  });
  /** What this page has, and what ends its claim. */
  const claimed = new Map<string, () => void>();
  // Pages that want what this one has say so here.
  const wishes = new BroadcastChannel('m-grpo-lab');
  wishes.onmessage = ({ data }) => {
    if (typeof data === 'string' && claimed.has(data))
      self.postMessage({ type: 'wanted' } satisfies KeepReport);
  };
  /** Resolves to whether the lock is had; it is held until the page goes or yields. */
  const hold = (lab: string, options: LockOptions): Promise<boolean> =>
    new Promise((resolve) => {
      const held = (): Promise<void> =>
        new Promise((release) => {
          claimed.set(lab, release);
          resolve(true);
        });
      navigator.locks.request(lockOf(lab), options, held).catch(() => {
        // Not had in time; or had, and taken by another page, which waited in vain for this one.
        resolve(false);
        if (claimed.delete(lab)) keeper.stop(takenOver(), 'opened');
      });
    });
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
    claim: async (lab, take = false) => {
      if (claimed.has(lab)) return true;
      if (take) wishes.postMessage(lab);
      for (;;) {
        // One that was just reloaded or killed may still be going.
        const signal = AbortSignal.timeout(take ? yieldMs : goingMs);
        if (await hold(lab, { signal })) return true;
        const { held = [] } = await navigator.locks.query();
        // Nobody has it: a busy browser alone took so long.
        if (held.some(({ name }) => name === lockOf(lab))) return take && hold(lab, { steal: true });
      }
    },
    has: (lab) => claimed.has(lab),
    release: (lab) => {
      for (const [claim, release] of [...claimed]) {
        if (lab !== undefined && lab !== claim) continue;
        claimed.delete(claim);
        release();
      }
    },
  };
}
