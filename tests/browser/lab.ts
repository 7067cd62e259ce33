import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium, type Browser, type Download, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { ensureBuilt } from '../../build/receipt.ts';
import { findChromium } from '../../src/cli/chromium.mjs';
import { readRecord } from '../../src/records/read.ts';
import type { RunRecord } from '../../src/records/run.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import { waitMs } from '../patience.ts';
import { isOwn, watched } from './outside.ts';

/** Chromium's software GPU, wherever the tests run; no services that phone home. */
const withWebGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // It takes a GPU process that waits for a core for one that hangs.
  '--disable-gpu-watchdog',
];

/**
 * @param args in place of those that offer WebGPU
 * @param without what tests are otherwise spared
 */
export async function launch(
  args: readonly string[] = withWebGPU,
  without: readonly string[] = [],
): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('No Chromium was found: `npm test` installs one.');
  const browser = await chromium.launch({
    ...{ executablePath, headless: true, timeout: waitMs },
    args: [...quiet, ...args],
    ignoreDefaultArgs: [...without],
  });
  return watched(browser);
}

/** Holds the base model back, as a slow connection would. @returns decides what becomes of it */
export async function holdModel(page: Page): Promise<(what: 'comes' | 'fails') => void> {
  let decide = (_: 'comes' | 'fails'): void => undefined;
  const decided = new Promise<'comes' | 'fails'>((resolve) => {
    decide = resolve;
  });
  await page.route('**/model.safetensors', async (route) => {
    if ((await decided) === 'comes') await route.continue();
    else await route.abort();
  });
  return (what) => {
    decide(what);
  };
}

/** The policy of contents that the docs give to whoever hosts the page. */
export const [, strictPolicy = ''] =
  /```\n(default-src .*)\n```/.exec(readFileSync('docs/hosting.md', 'utf8')) ?? [];

/** Something that serves the lab. */
export interface Host {
  /** Ends with a slash. */
  readonly address: string;
  readonly close: () => void | Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/**
 * The built page in a folder of a plain host.
 * @param headers of each file, beside its type
 * @param changed what is served in the place of a file, by its name
 */
export async function serveBuilt(
  headers: Readonly<Record<string, string>> = {},
  changed: ReadonlyMap<string, string> = new Map(),
): Promise<Host> {
  if (!ensureBuilt(process.cwd())) throw new Error('The page could not be built.');
  const folder = '/some/folder/';
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host');
    const name = normalize(pathname.slice(folder.length) || 'index.html');
    const file = join('dist', name);
    if (!pathname.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    });
    response.end(changed.get(name) ?? readFileSync(file));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${String(port)}${folder}`;
  isOwn(address);
  return {
    address,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A browser and the built page on its host, for as long as a file's tests run. */
export function openedLab(): { readonly browser: Browser; readonly host: Host } {
  const lab = {} as { browser: Browser; host: Host };
  beforeAll(async () => {
    [lab.browser, lab.host] = await Promise.all([launch(), serveBuilt()]);
  });
  afterAll(async () => {
    await lab.browser.close();
    await lab.host.close();
  });
  return lab;
}

/** Settings that train in milliseconds a step. */
export const tiny = {
  preset: 'entropy',
  promptsPerStep: '4',
  groupSize: '8',
  seed: '7',
  warmupSteps: '0',
  evalEvery: '2',
  evalPrompts: '2',
  evalMajorityPrompts: '0',
} as const;

export function query(settings: Readonly<Record<string, string>>): string {
  return `?${new URLSearchParams(settings).toString()}`;
}

/** A page that remembers what it complained about. @param visited whether its reader was here before: is offered no tour, and sees every knob */
export async function newPage(
  browser: Browser,
  visited = true,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(waitMs);
  if (visited) {
    await page.addInitScript(() => {
      localStorage.setItem('m-grpo-lab.tour', 'seen');
      localStorage.setItem('m-grpo-lab.all-knobs', 'all');
    });
  }
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { page, complaints };
}

/** Waits until every expectation in it is met; for one alone there is expect.poll. */
export function eventually(expectations: () => Promise<void>): Promise<void> {
  return vi.waitFor(expectations, { timeout: waitMs, interval: 50 });
}

/** Waits until the page says to a screen reader that it is in a state. */
export async function reaches(page: Page, words: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: words }).waitFor({ state: 'attached' });
}

/** Steps made, as the progress bar says. */
export async function stepsMade(page: Page): Promise<number> {
  return Number(await page.getByRole('progressbar', { name: 'Steps made' }).getAttribute('value'));
}

export function waitForStep(page: Page, step: number): Promise<void> {
  return eventually(async () => {
    expect(await stepsMade(page), 'steps made').toBeGreaterThanOrEqual(step);
  });
}

interface Exported {
  readonly headers: readonly RunRecord[];
  /** Per lane, a record per step, 0 first. */
  readonly lanes: readonly (readonly Partial<MetricRow>[])[];
}

/** Chooses what to export. */
export async function exported(page: Page, what: string): Promise<Download> {
  await page.locator('summary', { hasText: 'Export' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: what, exact: true }).click(),
  ]);
  return download;
}

/** Exports the metrics and reads the file. */
export async function exportMetrics(page: Page): Promise<Exported> {
  const download = await exported(page, 'Metrics as JSON lines');
  const { runs } = readRecord(readFileSync(await download.path(), 'utf8'));
  return { headers: runs, lanes: runs.map(({ rows }) => rows) };
}

/**
 * Waits until a reload would bring runs of the browser at a step, or at a later one.
 * @param runs how many; else all that there are
 */
export function keptUpTo(page: Page, step: number, runs = Infinity): Promise<void> {
  return eventually(async () => {
    const newest = (await page.evaluate(newestKept)).toSorted((a, b) => b - a).slice(0, runs);
    expect(Math.min(...newest), 'newest checkpoint that is kept').toBeGreaterThanOrEqual(step);
  });
}

/** In the page: the step of the newest checkpoint of each run that is kept. */
async function newestKept(): Promise<readonly number[]> {
  const root = await navigator.storage.getDirectory();
  const newest: number[] = [];
  for await (const run of (await root.getDirectoryHandle('runs')).values()) {
    let step = 0;
    for await (const file of (run as FileSystemDirectoryHandle).values()) {
      const [, , at] = file.name.split('-');
      // It is written at once: one that was only made is empty.
      if (!file.name.startsWith('checkpoint-') || (await (file as FileSystemFileHandle).getFile()).size === 0)
        continue;
      step = Math.max(step, Number(at));
    }
    newest.push(step);
  }
  return newest;
}
