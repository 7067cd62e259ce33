import type { AdapterSummary } from '../gpu/device.ts';

const store = 'm-grpo-lab-self-check';

/** One entry per adapter and browser build: a new driver or browser is checked anew. */
function entry({ vendor, architecture, description, features }: AdapterSummary): string {
  const build = [navigator.userAgent, vendor, architecture, description, ...features].join('|');
  return new URL(`self-check/${encodeURIComponent(build)}`, self.location.origin).href;
}

/** Whether this adapter passed the self-check in this browser before. Forgetful where storage is refused. */
export async function checkedBefore(adapter: AdapterSummary): Promise<boolean> {
  try {
    return (await (await caches.open(store)).match(entry(adapter))) !== undefined;
  } catch {
    return false;
  }
}

export async function rememberCheck(adapter: AdapterSummary): Promise<void> {
  try {
    await (await caches.open(store)).put(entry(adapter), new Response('passed'));
  } catch {
    // Then it is checked again next time; it takes less than a second.
  }
}
