import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findChromium } from '../src/cli/chromium.mjs';
import { ensureDependencies } from './ensure.mjs';
import { categories, marksOf, tasksOf } from '../bench/page/traceEvents.mjs';

// What the page's main thread does: while two lanes train on Chromium's software GPU, and with long histories in four
// lanes, which a stand-in for the trainer's worker makes up (traceWorker.ts). Nothing of the page is changed for it.
// Usage: npm run trace -- [--seconds 60] [--steps 10000] [--dist <folder built before>] [--json]
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    steps: { type: 'string', default: '10000' },
    dist: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const steps = Number(values.steps);
/** Tasks longer than this make a page feel slow. */
const longMs = 50;
/** How long charts with a long history are watched, and left alone before: they compile and settle first. */
const watchedMs = 15_000;
const settleMs = 4000;
const patience = { timeout: 120_000 };

ensureDependencies();
const { build, preview } = await import('vite');
const { standInForTrainer } = await import('../bench/page/standIn.mjs');
const { chromium } = await import('playwright-core');

const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
if (values.dist === undefined) await build({ logLevel: 'error' });
const server = await preview({ build: { outDir: values.dist ?? 'dist' }, preview: { port: 0 } });
const [address] = server.resolvedUrls.local;
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-first-run'],
});
const folder = mkdtempSync(join(tmpdir(), 'lab-trace-'));

/** Traces what `use` does with a page; returns the trace's events. */
async function traced(page, use) {
  const path = join(folder, 'trace.json');
  await browser.startTracing(page, { path, categories });
  await use();
  await browser.stopTracing();
  return JSON.parse(readFileSync(path, 'utf8')).traceEvents;
}

const newPage = () => browser.newPage({ viewport: { width: 1440, height: 900 } });
const pressTrain = async (page) => {
  await page.getByRole('button', { name: 'Train' }).click(patience);
  await page.evaluate(() => void performance.mark('training'));
};

/** The long tasks, with times from when training began. */
function longTasks(events, mark) {
  const [{ ts }] = marksOf(events, mark);
  const long = tasksOf(events, mark).filter(({ ms }) => ms > longMs);
  return long.map(({ startMs, ms, cpuMs, kinds, calls }) => {
    const [kind] = Object.entries(kinds).sort(([, a], [, b]) => b - a)[0];
    const what = calls.slice(0, 2).map(({ name }) => name);
    return { atMs: startMs - ts / 1000, ms, cpuMs, mostly: kind, what: what.join(' › ') };
  });
}

/** Seconds a visitor waits, first and later: for the page, until Train can be pressed, and from there to the first step. */
async function waits() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const visits = {};
  for (const visit of ['first', 'later']) {
    const page = await context.newPage();
    const began = performance.now();
    const passed = () => (performance.now() - began) / 1000;
    await page.goto(address);
    await page.getByRole('button', { name: 'Train', exact: true }).waitFor(patience);
    const shown = passed();
    await page.locator('.top-bar .go:enabled').waitFor(patience);
    const ready = passed();
    await page.getByRole('button', { name: 'Train', exact: true }).click(patience);
    await page.waitForFunction(
      () => document.querySelector('.progress progress')?.value >= 1,
      null,
      patience,
    );
    visits[visit] = { shown, ready, firstStep: passed() - ready };
    // What is kept of it would be opened by the next visit.
    await page.evaluate(() => localStorage.clear());
    await page.close({ runBeforeUnload: false });
  }
  await context.close();
  return visits;
}

async function mainJob() {
  const page = await newPage();
  let made;
  const events = await traced(page, async () => {
    await page.goto(address);
    await pressTrain(page);
    await page.waitForTimeout(1000 * seconds);
    made = await page.getByRole('progressbar', { name: 'Steps made' }).getAttribute('value');
  });
  await page.close();
  const tasks = longTasks(events, 'training');
  return {
    steps: Number(made),
    startUp: tasks.filter(({ atMs }) => atMs < 0),
    training: tasks.filter(({ atMs }) => atMs >= 0),
  };
}

async function longHistories() {
  const page = await newPage();
  await standInForTrainer(page);
  await page.goto(`${address}?lanes=4&steps=${2 * steps}`);
  await pressTrain(page);
  await page.waitForTimeout(settleMs);
  const events = await traced(page, async () => {
    await page.evaluate(() => void performance.mark('watched'));
    await page.waitForTimeout(watchedMs);
  });
  await page.close();
  const tasks = tasksOf(events, 'watched');
  const redraws = marksOf(events, 'chart redraw')
    .filter(({ ph }) => ph === 'b')
    .map(({ ts }) => tasks.find(({ startMs, ms }) => startMs <= ts / 1000 && ts / 1000 <= startMs + ms))
    .filter((task) => task !== undefined);
  const script = redraws.map(({ kinds }) => kinds.script);
  const cpu = redraws.map(({ kinds, ms, cpuMs }) => (kinds.script / ms) * cpuMs);
  return {
    steps,
    lanes: 4,
    redraws: redraws.length,
    scriptMs: { median: quantile(script, 0.5), p95: quantile(script, 0.95) },
    scriptCpuMs: { median: quantile(cpu, 0.5), p95: quantile(cpu, 0.95) },
    tasks: longTasks(events, 'watched'),
  };
}

function quantile(numbers, q) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.ceil(q * sorted.length) - 1] ?? null;
}

function printTasks(title, tasks) {
  const ofItself = tasks.filter(({ cpuMs }) => cpuMs > longMs).length;
  console.log(
    `\n${title}: ${tasks.length} tasks over ${longMs} ms, ${ofItself} of them by their own computing`,
  );
  for (const { atMs, ms, cpuMs, mostly, what } of tasks) {
    const figures = [
      (atMs / 1000).toFixed(2).padStart(9),
      ms.toFixed(0).padStart(6),
      cpuMs.toFixed(0).padStart(6),
    ];
    console.log(`${figures[0]} s ${figures[1]} ms, computing ${figures[2]} ms  ${mostly.padEnd(7)} ${what}`);
  }
}

try {
  const visits = await waits();
  const job = await mainJob();
  const long = await longHistories();
  if (values.json) {
    const versions = { chromium: browser.version(), adapter: 'swiftshader' };
    console.log(
      JSON.stringify({ ...versions, longMs, seconds, visits, mainJob: job, longHistories: long }, null, 2),
    );
  } else {
    console.log(
      `Chromium ${browser.version()} on its software GPU; two lanes of the preset Entropy, then made-up ones.`,
    );
    for (const [visit, { shown, ready, firstStep }] of Object.entries(visits)) {
      const figures = [shown, ready, firstStep].map((value) => value.toFixed(1));
      console.log(
        `The ${visit} visit: the page after ${figures[0]} s, ready to train after ${figures[1]}; from there to the first step ${figures[2]} s`,
      );
    }
    printTasks('Start-up, until Train is pressed', job.startUp);
    printTasks(`Training for ${seconds} s, ${job.steps} steps`, job.training);
    printTasks(`Four lanes of ${steps} steps, watched for ${watchedMs / 1000} s`, long.tasks);
    const shown = ({ median, p95 }) => `median ${median?.toFixed(1)} ms, p95 ${p95?.toFixed(1)} ms`;
    console.log(`\nScripting of a chart's redraw there, of ${long.redraws}:`);
    console.log(`  by the clock   ${shown(long.scriptMs)}`);
    console.log(`  computing      ${shown(long.scriptCpuMs)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
  await browser.close();
  await server.close();
}
