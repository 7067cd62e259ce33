import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { build, createLogger } from 'vite';
import { bundleReport } from '../../build/bundleReport.ts';

/** Enough to weigh something when compressed. */
const numbers = Array.from({ length: 400 }, (_, i) => (i * 7919) % 10_007);
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lab-bundle-'));
  const files = {
    'index.html': '<!doctype html><script type="module" src="./page.js"></script>',
    'other.html': '<!doctype html><script type="module" src="./other.js"></script>',
    'other.js': `import("./later.js"); console.log([${numbers.toReversed().join()}]);`,
    'page.js':
      'import "./page.css"; import("./later.js"); onclick = () => import("./Asked.js"); new Worker(new URL("./worker.js", import.meta.url), { type: "module" });',
    'page.css': 'body { color: red; }',
    'Asked.js': `import "./asked.css"; import { deep } from "./deep.js"; console.log("asked", deep);`,
    'asked.css': 'b { color: blue; }',
    'deep.js': `export const deep = [${numbers.join()}];`,
    'later.js': `console.log([${numbers.join()}]);`,
    'worker.js': `postMessage([${numbers.join()}]);`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Builds the page; returns what was printed. */
async function built(limit?: number): Promise<string[]> {
  const customLogger = createLogger('info');
  const printed: string[] = [];
  vi.spyOn(customLogger, 'info').mockImplementation((line) => void printed.push(line));
  vi.spyOn(customLogger, 'error').mockImplementation(() => undefined);
  await build({
    configFile: false,
    root,
    customLogger,
    // Vite's own account of the build, which is written past any logger.
    logLevel: 'warn',
    worker: { format: 'es' },
    plugins: [bundleReport(limit, ['Asked'])],
    build: { rolldownOptions: { input: ['index.html', 'other.html'].map((name) => join(root, name)) } },
  });
  return printed;
}

test('lists every file of the first load, lazy ones and the worker too, with their sums', async () => {
  const lines = (await built()).filter((line) => line.endsWith('kB gzip'));
  const [page, worker, together] = lines.slice(-3);
  const apart = lines.slice(0, 2).join();
  const asked = lines.slice(2, 4).join();
  for (const name of [/Asked-.*js/, /Asked-.*css/]) expect(asked).toMatch(name);
  expect(apart).toMatch(/other.*js/);
  expect(apart).toContain('other.html');
  for (const name of ['index.html', /index-.*css/, /index-.*js/, /later-.*js/, /worker-.*js/])
    expect(lines.filter((line) => line.search(name) >= 0)).toHaveLength(1);
  const gzip = (line = ''): number => Number(/([\d.]+) kB gzip/.exec(line)?.[1]);
  expect(gzip(worker)).toBeGreaterThan(0);
  expect(gzip(page)).toBeGreaterThan(gzip(worker));
  expect(gzip(together)).toBeCloseTo(gzip(page) + gzip(worker), 0);
});

test('fails a build whose first load is too heavy, and says by how much', async () => {
  await expect(built(100)).rejects.toThrow(/weighs [\d.]+ kB \(gzip\), but may weigh 0\.1 kB/);
});
