import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createServer, createServerModuleRunner, runnerImport } from 'vite';
import { findChromium } from '../../src/cli/chromium.mjs';
import { print } from './print.mjs';

const usage =
  'Usage: npm run bench -- [--where node|chromium] [--size small|large] [--quick] [--json]\n' +
  'The adapter is chosen by LAB_VK_ICD, see README.md.';
const root = fileURLToPath(new URL('.', import.meta.url));
const lab = fileURLToPath(new URL('../..', import.meta.url));

function options() {
  try {
    const { values } = parseArgs({
      options: {
        where: { type: 'string' },
        size: { type: 'string', default: 'small' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (!['small', 'large'].includes(values.size)) throw new Error(`There is no size "${values.size}".`);
    if (![undefined, 'node', 'chromium'].includes(values.where)) {
      throw new Error(`There is no place "${values.where}".`);
    }
    return values;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

const { where, json, size, quick } = options();
const log = (line) => console.error(`  ${line}`);

/** Vite in this folder: the lab's WGSL imports need the lab's plugin. */
async function serve(server, extra = {}) {
  const { module } = await runnerImport(`${lab}build/wgslPlugin.ts`, { root: lab, configFile: false });
  return createServer({
    root,
    configFile: false,
    logLevel: 'error',
    cacheDir: `${root}node_modules/.vite`,
    plugins: [module.wgsl(), page],
    server: { hmr: false, ws: false, watch: null, fs: { allow: [lab] }, ...server },
    ...extra,
  });
}

async function inNode() {
  const server = await serve(
    { middlewareMode: true },
    { appType: 'custom', optimizeDeps: { noDiscovery: true, include: [] } },
  );
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
  const { openHost } = await runner.import('/node.mjs');
  const host = await openHost();
  const { race } = await runner.import('/race.mjs');
  const result = await race(host, { size, quick, log });
  await runner.close();
  await server.close();
  return result;
}

/**
 * Chromium's own SwiftShader, unless LAB_VK_ICD says otherwise. It refuses other software drivers, as lavapipe, and
 * takes SwiftShader then; the table names the adapter.
 */
function chromiumFlags() {
  const icd = process.env.LAB_VK_ICD ?? '';
  if (icd === '' || icd.includes('swiftshader'))
    return { args: ['--use-webgpu-adapter=swiftshader'], env: {} };
  const args = ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'];
  return { args, env: icd === 'system' ? {} : { VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd } };
}

/** A page made here: an index.html in this folder would be found by the lab's own Vite. */
const page = {
  name: 'peers:page',
  configureServer({ middlewares }) {
    middlewares.use('/contest', (_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        '<!doctype html><title>Race</title><link rel="icon" href="data:,"><script type="module" src="/page.mjs"></script>',
      );
    });
  },
};

async function inChromium() {
  const { chromium } = await import('playwright-core');
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('No Chromium was found. Run the lab’s npm test once.');
  const server = await serve(
    {
      port: 0,
      // Cross-origin isolation: clocks to 5 µs.
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
    {
      // Found late, a package would reload the page.
      optimizeDeps: {
        entries: ['page.mjs'],
        include: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-webgpu', '@jax-js/jax', 'valibot'],
      },
    },
  );
  await server.listen();
  const { args, env } = chromiumFlags();
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    env: { ...process.env, ...env },
    args: [
      '--no-sandbox',
      '--no-first-run',
      '--disable-background-networking',
      '--enable-unsafe-webgpu',
      ...args,
    ],
  });
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', ({ message }) => log(message));
    tab.on('console', (line) => line.type() === 'error' && log(line.text()));
    await tab.exposeFunction('logLine', log);
    await tab.goto(new URL('contest', server.resolvedUrls.local[0]).href);
    await tab.waitForFunction(() => 'runRace' in globalThis);
    const result = await tab.evaluate((o) => globalThis.runRace(o), { size, quick });
    return { ...result, chromium: browser.version() };
  } finally {
    await browser.close();
    await server.close();
  }
}

function versions() {
  const of = (path) => JSON.parse(readFileSync(path, 'utf8')).version;
  return {
    lab: of(`${lab}package.json`),
    '@tensorflow/tfjs': of(`${root}node_modules/@tensorflow/tfjs/package.json`),
    '@tensorflow/tfjs-backend-webgpu': of(`${root}node_modules/@tensorflow/tfjs-backend-webgpu/package.json`),
    '@jax-js/jax': of(`${root}node_modules/@jax-js/jax/package.json`),
    webgpu: of(`${lab}node_modules/webgpu/package.json`),
    node: process.version,
  };
}

const places = { node: inNode, chromium: inChromium };
const results = [];
for (const [place, run] of Object.entries(places)) {
  if (where !== undefined && where !== place) continue;
  console.error(place);
  try {
    results.push({ where: place, ...(await run()) });
  } catch (error) {
    results.push({ where: place, error: String(error?.stack ?? error) });
  }
}
const document = { size, quick, versions: versions(), places: results };
if (json) console.log(JSON.stringify(document, null, 1));
else print(document);

// A contestant that failed is reported and no more; other work than the lab's makes the figures void.
const rows = results.flatMap(({ table = [] }) => table);
const code =
  results.some(({ error }) => error !== undefined) || rows.some(({ same }) => same === false) ? 1 : 0;
// Dawn keeps the event loop alive as long as anything refers to it: leave once the output is out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
