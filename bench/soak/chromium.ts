import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type CDPSession } from 'playwright-core';
import { preview } from 'vite';
import { ensureBuilt } from '../../build/receipt.ts';
import { findChromium } from '../../src/cli/chromium.mjs';

/** Chromium with a profile on the disk, and the built lab on a host of its own. */
export interface Opened {
  readonly browser: Browser;
  readonly context: BrowserContext;
  /** Of the whole browser. */
  readonly devtools: CDPSession;
  /** Of the lab; ends with a slash. */
  readonly address: string;
  /** Does something that makes the browser save a file. @returns what is in the file */
  readonly saved: (press: () => Promise<void>) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** How long a state is waited for, in ms: longer than anything takes on a machine whose cores are busy. */
export const patienceMs = 180_000;

/**
 * As it is for everybody else: with a software GPU, but without what test tools switch off (timers of hidden tabs that
 * slow down, pages that are put away whole), and nobody tells its pages that they are in sight and have the focus.
 */
const flags = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // It takes a GPU process that waits for a core for one that hangs.
  '--disable-gpu-watchdog',
  '--window-size=1440,1000',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
  '--use-mock-keychain',
  // Services that phone home.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--disable-quic',
];

/** Opens both. @param dist a folder built before; without it, the tree as it is now is built where it is not */
export async function openChromium(dist?: string): Promise<Opened> {
  const executable = findChromium();
  if (executable === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
  if (dist === undefined && !ensureBuilt(process.cwd())) throw new Error('The page could not be built.');
  const server = await preview({ build: { outDir: dist ?? 'dist' }, preview: { port: 0 } });
  const [address = ''] = server.resolvedUrls?.local ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'lab-soak-'));
  const child = spawn(executable, [...flags, `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'], {
    stdio: 'ignore',
    // Ctrl-C is for whoever started it: what there is is said, and then it is closed.
    detached: true,
  });
  const browser = await chromium.connectOverCDP(await endpointOf(child, join(folder, 'profile')), {
    noDefaults: true,
    timeout: patienceMs,
  });
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('Chromium has no window.');
  const devtools = await browser.newBrowserCDPSession();
  const downloads = join(folder, 'downloads');
  await devtools.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: downloads,
    eventsEnabled: true,
  });
  const waiting: ((content: string) => void)[] = [];
  devtools.on('Browser.downloadProgress', ({ guid, state }) => {
    if (state !== 'completed') return;
    const file = join(downloads, guid);
    waiting.shift()?.(readFileSync(file, 'utf8'));
    rmSync(file, { force: true });
  });
  return {
    ...{ browser, context, devtools, address },
    saved: async (press) => {
      const content = new Promise<string>((resolve) => {
        waiting.push(resolve);
      });
      await press();
      const late = pause(patienceMs).then(() => {
        throw new Error('Nothing was saved.');
      });
      return Promise.race([content, late]);
    },
    close: async () => {
      await browser.close().catch(() => undefined);
      const gone = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      if (child.exitCode === null) {
        child.kill();
        await Promise.race([gone, pause(10_000)]);
      }
      await server.close();
      try {
        rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      } catch {
        // A process of the browser still writes: what was found matters more than a folder that stays.
      }
    },
  };
}

/** Where it listens: it says so in a file of its profile. */
async function endpointOf(child: ChildProcess, profile: string): Promise<string> {
  const file = join(profile, 'DevToolsActivePort');
  for (const from = Date.now(); Date.now() - from < patienceMs;) {
    if (child.exitCode !== null) throw new Error(`Chromium ended with ${String(child.exitCode)}.`);
    const [port = ''] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    if (port !== '') return `http://127.0.0.1:${port}`;
    await pause(50);
  }
  throw new Error('Chromium does not listen.');
}
