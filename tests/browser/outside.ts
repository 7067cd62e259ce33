import { basename } from 'node:path';
import type { Browser, BrowserContext, Worker } from 'playwright-core';
import { afterEach, expect } from 'vitest';

// What the lab promises: nothing leaves the machine. Whichever test opens a page, it fails at its end where anything was
// asked of elsewhere, by the page or by a worker of it, or where the policy of contents had to refuse something.

/** What tests mean, by the names of their files: a request's address, or a directive and what it refused. */
const meant: Readonly<Record<string, RegExp>> = {
  // A worker without leave to compile WebAssembly.
  'apart.test.ts': /^script-src wasm-eval$/,
  'csp.test.ts': /elsewhere\.test|^script-src wasm-eval$|^require-trusted-types-for /,
  // Its workers are tried.
  'offline.test.ts': /^require-trusted-types-for /,
  // What was saved, opened from the disk.
  'export.test.ts': /^file:/,
  'markup.test.ts': /^file:/,
  // Its own host, by a name that the browser takes for insecure; and the page opened from the disk.
  'refusals.test.ts': /^http:\/\/lab\.test:|^file:/,
};

const servers = new Set<string>();
const seen: string[] = [];

/** Says that a server is one of the test's own, whatever name of this machine it is called by. */
export function isOwn(address: string): void {
  servers.add(new URL(address).port);
}

function isElsewhere(address: string): boolean {
  const { protocol, hostname, port } = new URL(address);
  if (['blob:', 'data:', 'about:'].includes(protocol)) return false;
  return !(/^(127\.0\.0\.1|(.+\.)?localhost)$/.test(hostname) && servers.has(port));
}

function requested(address: string): void {
  if (isElsewhere(address)) seen.push(address);
}

const mark = 'Refused by the policy:';

/** In a page or a worker: tells what the policy refuses, as a message of the quietest kind. */
function tellRefusals(begin: string): void {
  addEventListener('securitypolicyviolation', (event) => {
    const { effectiveDirective, blockedURI } = event;
    console.debug(`${begin}${effectiveDirective} ${blockedURI}`);
  });
}

/** Listens in a worker, from its first free moment on. */
function listen(worker: Worker): void {
  // It may be gone, or busy for ever.
  void worker.evaluate(tellRefusals, mark).catch(() => undefined);
}

async function watch(context: BrowserContext): Promise<void> {
  context.on('request', (request) => {
    requested(request.url());
  });
  context.on('console', (message) => {
    if (message.text().startsWith(mark)) seen.push(message.text().slice(mark.length));
  });
  context.on('serviceworker', listen);
  context.on('page', (page) => {
    page.on('worker', listen);
    page.on('websocket', (socket) => {
      requested(socket.url());
    });
  });
  await context.addInitScript(tellRefusals, mark);
}

/** A browser of which every page and worker is watched, in whatever context. */
export function watched(browser: Browser): Browser {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    await watch(context);
    return context;
  };
  return browser;
}

/** What was asked of elsewhere or refused since the last call, but for what the test means. */
export function unwanted(): readonly string[] {
  const wanted = meant[basename(expect.getState().testPath ?? '')];
  return [...new Set(seen.splice(0))].filter((what) => wanted?.test(what) !== true);
}

afterEach(() => {
  expect(unwanted(), 'asked of elsewhere, or refused by the policy of contents').toEqual([]);
});
