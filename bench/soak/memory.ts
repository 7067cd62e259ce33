import { existsSync, readFileSync } from 'node:fs';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';

/** Bytes, NaN where they are not known. */
export interface Memory {
  /** Heap of the page's scripts after garbage was collected, with its arrays. */
  readonly page: number;
  /** Of its workers likewise. */
  readonly trainer: number;
  readonly keeper: number;
  /** Nodes of the page's documents. */
  readonly nodes: number;
  /** Of the process of the GPU, which is a software one: what is in memory, files apart. */
  readonly gpu: number;
  readonly renderer: number;
  readonly browser: number;
}

/** What of the page's origin lies on the disk, bytes. */
export async function storedBy(page: Page): Promise<number> {
  return page.evaluate(async () => (await navigator.storage.estimate()).usage ?? NaN);
}

/** Looks at the memory of a page, its workers and the browser's processes. */
export async function memoryOf(context: BrowserContext, page: Page, browser: CDPSession): Promise<Memory> {
  const devtools = await context.newCDPSession(page);
  try {
    await devtools.send('Performance.enable');
    const workers = await workersOf(devtools);
    const heaps = new Map<string, number>();
    for (const { name, ask } of workers) heaps.set(name, await heapOf(ask));
    const pageHeap = await heapOf((method) => devtools.send(method as 'Runtime.getHeapUsage'));
    const { metrics } = await devtools.send('Performance.getMetrics');
    const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
    const of = (type: string): number =>
      processInfo.filter((each) => each.type === type).reduce((sum, { id }) => sum + residentBytes(id), 0);
    return {
      page: pageHeap,
      trainer: heaps.get('trainer') ?? NaN,
      keeper: heaps.get('keeper') ?? NaN,
      nodes: metrics.find(({ name }) => name === 'Nodes')?.value ?? NaN,
      gpu: of('GPU'),
      renderer: of('renderer'),
      browser: of('browser'),
    };
  } finally {
    await devtools.detach().catch(() => undefined);
  }
}

type Ask = (method: string) => Promise<unknown>;

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

/** Twice: what finalisers let go of in the first collection is free after the second. */
async function heapOf(ask: Ask): Promise<number> {
  for (let round = 0; round < 2; round++) await ask('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = (await ask('Runtime.getHeapUsage')) as HeapUsage;
  return usedSize + backingStorageSize;
}

/** The dedicated workers of a page, by their names, each asked through the session of its page. */
async function workersOf(devtools: CDPSession): Promise<readonly { name: string; ask: Ask }[]> {
  const found: { name: string; sessionId: string }[] = [];
  devtools.on('Target.attachedToTarget', ({ sessionId, targetInfo: { type, title } }) => {
    if (type === 'worker') found.push({ name: title, sessionId });
  });
  const answers = new Map<number, { resolve: (value: unknown) => void; reject: (reason: Error) => void }>();
  devtools.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message) as {
      readonly id?: number;
      readonly result?: unknown;
      readonly error?: { readonly message: string };
    };
    const waiting = answers.get(id ?? -1);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  });
  await devtools.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  let asked = 0;
  return found.map(({ name, sessionId }) => ({
    name,
    ask: (method) => {
      const id = ++asked;
      const answer = new Promise((resolve, reject) => answers.set(id, { resolve, reject }));
      return devtools
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
        .then(() => answer);
    },
  }));
}

/** What a process has in memory that no file holds as well, in bytes; where that is not told, NaN. */
function residentBytes(pid: number): number {
  const file = `/proc/${String(pid)}/status`;
  if (!existsSync(file)) return NaN;
  const status = readFileSync(file, 'utf8');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return 1024 * (kilobytes('RssAnon') + kilobytes('RssShmem'));
}
