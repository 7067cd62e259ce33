import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findChromium } from '../src/cli/chromium.mjs';
import { ensureDependencies } from './ensure.mjs';
import { categories, tasksOf } from '../bench/page/traceEvents.mjs';

// Whether the page stays as it is for as long as it streams: four lanes, all charts, ten updates a second; its heap is
// measured after each collection of garbage, and the main thread is traced in between. Exit code 1 when the heap grows by
// more than 2 % over the last three quarters, or a task computed for over 50 ms after the first window.
// The quarter and the end are alike: axes double their span, so that curves fill up to `maxPoints`, halve and fill up
// again, and after four times the steps they are as full as before. Whoever compares other moments sees that saw-tooth.
// Compiled code, which the engine gathers on the same heap and throws away every few minutes, is told apart by a snapshot
// at either look, and not counted as growth. (Tasks that took so long by the clock, because other programs had the cores,
// are listed too. Metric columns lie in buffers and grow with the run.)
// Usage: npm run soak -- [--minutes 10] [--library page|lab|recharts|uplot] [--dist <folder built before>] [--json]
// `page` is the lab as it is, with a stand-in for the trainer; the others draw six charts of eight curves with the
// lab's chart, Recharts' own lines or uPlot, for comparison.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    library: { type: 'string', default: 'page' },
    dist: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const { library } = values;
/** Between two looks at the heap. */
const windowMs = 10_000;
/** Tasks longer than this make a page feel slow. */
const longMs = 50;
const lanes = 4;
const stepsPerSecond = 10;
/** The last look: the last window ends with the time at the latest. */
const endMs = 60_000 * minutes - windowMs;
/** The first look, by the window nearest to it: the curves are as full then as at the end, four times as many steps later. */
const settledMs = endMs / 4 - windowMs / 2;
/** Of the time up to either look, the share whose windows are compared. */
const compared = 0.2;
/** Looks at the heap after each window, and the time between two. */
const [looks, lookMs] = [4, 130];
/** Growth that passes for none. */
const flat = 0.02;

ensureDependencies();
const { build, preview, runnerImport } = await import('vite');
const { standInForTrainer } = await import('../bench/page/standIn.mjs');
const { chromium } = await import('playwright-core');

const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--no-first-run', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const close = library === 'page' ? await openLab() : await openPeer();

/** The built lab with the trainer's stand-in, Train pressed. */
async function openLab() {
  if (values.dist === undefined) await build({ logLevel: 'error' });
  const server = await preview({ build: { outDir: values.dist ?? 'dist' }, preview: { port: 0 } });
  await standInForTrainer(page, 'bench/page/soakWorker.ts');
  // More steps than there is time for: nothing ends.
  const steps = Math.ceil(1.5 * 60 * minutes * stepsPerSecond) + 1000;
  await page.goto(`${server.resolvedUrls.local[0]}?lanes=${lanes}&steps=${steps}`);
  await page.getByRole('button', { name: 'Train' }).click({ timeout: 120_000 });
  return () => server.close();
}

/** A page of nothing but charts. */
async function openPeer() {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: true, lib: { entry: 'bench/page/soakPeers.ts', formats: ['es'] } },
  });
  await page.route('http://soak.local/**', (route) =>
    route.fulfill(
      route.request().url().endsWith('.js')
        ? { contentType: 'text/javascript', body: output[0].code }
        : {
            contentType: 'text/html',
            body: '<!doctype html><body><script type="module" src="/peers.js"></script>',
          },
    ),
  );
  await page.goto(`http://soak.local/#${library}`);
  return () => undefined;
}

/** What the heap holds after garbage was collected, in bytes: the least of some looks, as one during a redraw sees more. */
async function heapOf(devtools) {
  const seen = [];
  for (let round = 0; round < looks; round++) {
    seen.push(await lookAt(devtools));
    await page.waitForTimeout(lookMs);
  }
  return seen.reduce((least, look) => (look.objects < least.objects ? look : least));
}

async function lookAt(devtools) {
  // Twice: what finalisers let go of in the first is free after the second.
  for (let round = 0; round < 2; round++) await devtools.send('HeapProfiler.collectGarbage');
  const heap = await devtools.send('Runtime.getHeapUsage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const nodes = metrics.find(({ name }) => name === 'Nodes').value;
  return { objects: heap.usedSize, buffers: heap.backingStorageSize ?? NaN, nodes };
}

/** What the engine and the browser keep for themselves: the rest is the page's. */
const kinds = {
  code: ['code', 'object shape', 'hidden'],
  browser: ['native', 'synthetic'],
};

/** Bytes on the heap by whose they are; metric columns, which are buffers, left out. */
async function heldBy(devtools) {
  const parts = [];
  const gather = ({ chunk }) => parts.push(chunk);
  await lookAt(devtools);
  devtools.on('HeapProfiler.addHeapSnapshotChunk', gather);
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  devtools.off('HeapProfiler.addHeapSnapshotChunk', gather);
  const { snapshot, nodes, strings } = JSON.parse(parts.join(''));
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  const held = { page: 0, code: 0, browser: 0 };
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (strings[nodes[at + name]] === 'system / JSArrayBufferData') continue;
    const kind = types[type][nodes[at + type]];
    const [whose = 'page'] = Object.keys(kinds).filter((each) => kinds[each].includes(kind));
    held[whose] += nodes[at + size];
  }
  return held;
}

async function traced(ms) {
  await browser.startTracing(page, { categories });
  await page.evaluate(() => {
    performance.mark('watched');
    performance.clearMarks();
  });
  await page.waitForTimeout(ms);
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  return tasksOf(traceEvents, 'watched');
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** The median of what all objects took in the windows just before a time, in bytes. */
function objectsBefore(seconds) {
  const near = samples.filter(
    (sample) => sample.seconds > (1 - compared) * seconds && sample.seconds <= seconds,
  );
  const sorted = near.map(({ objects }) => objects).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** Bytes the metric columns of all lanes take after so long: capacities double from 512. */
function columnBytes(seconds, metrics) {
  let capacity = 512;
  while (capacity < seconds * stepsPerSecond) capacity *= 2;
  return lanes * metrics * capacity * 8;
}

const devtools = await page.context().newCDPSession(page);
await devtools.send('Performance.enable');
const { module } = await runnerImport('./src/spec/metrics.ts');
const metrics = module.metricIds.length;
const started = performance.now();
const samples = [];
const tasks = [];
let held = null;
while (performance.now() - started < endMs) {
  const from = performance.now() - started;
  const all = await traced(windowMs);
  const heap = await heapOf(devtools);
  const seconds = (performance.now() - started) / 1000;
  const busyMs = all.reduce((sum, { ms }) => sum + ms, 0);
  const longest = all.reduce((longest, task) => (task.ms > longest.ms ? task : longest), { ms: 0, cpuMs: 0 });
  const sample = {
    seconds,
    ...heap,
    busy: busyMs / windowMs,
    longestMs: longest.ms,
    longestCpuMs: longest.cpuMs,
  };
  samples.push(sample);
  if (from > 0.5 * windowMs) {
    for (const { ms, cpuMs, calls } of all.filter(({ ms }) => ms > longMs)) {
      tasks.push({
        atSeconds: from / 1000,
        ms,
        cpuMs,
        what: calls
          .slice(0, 2)
          .map(({ name }) => name)
          .join(' › '),
      });
    }
  }
  if (!values.json) print(sample);
  if (1000 * seconds >= settledMs) held ??= await heldBy(devtools);
}
const heldAtEnd = await heldBy(devtools);
await browser.close();
await close();

const settled = samples.filter(({ seconds }) => 1000 * seconds >= settledMs);
const [first, last] = [settled[0], settled.at(-1)];
const [objects, objectsAtEnd] = [first, last].map(({ seconds }) => objectsBefore(seconds));
const growth = (objectsAtEnd - heldAtEnd.code - (objects - held.code)) / objects;
const columns =
  library === 'page' ? columnBytes(last.seconds, metrics) - columnBytes(first.seconds, metrics) : 0;
const isFlat = growth <= flat;
const isQuick = tasks.every(({ cpuMs }) => cpuMs <= longMs);
const load = loadavg().map((each) => Number(each.toFixed(1)));
const result = {
  library,
  minutes,
  chromium: browser.version(),
  load,
  objectsMB: [objects / 1e6, objectsAtEnd / 1e6],
  heldMB: Object.entries(held).map(([whose, bytes]) => [whose, bytes / 1e6, heldAtEnd[whose] / 1e6]),
  growth,
  buffersMB: [first.buffers / 1e6, last.buffers / 1e6],
  columnsGrewMB: columns / 1e6,
  nodes: [first.nodes, last.nodes],
  busy: settled.reduce((sum, { busy }) => sum + busy, 0) / settled.length,
  longestMs: Math.max(...samples.slice(1).map(({ longestMs }) => longestMs)),
  longestCpuMs: Math.max(...tasks.map(({ cpuMs }) => cpuMs), 0),
  isFlat,
  isQuick,
  tasks,
};
if (values.json) console.log(JSON.stringify({ ...result, samples }, null, 2));
else report(result);
process.exitCode = isFlat && isQuick ? 0 : 1;

function print({ seconds, objects, buffers, nodes, busy, longestMs, longestCpuMs }) {
  const figures = [
    `${seconds.toFixed(0).padStart(4)} s`,
    `objects ${(objects / 1e6).toFixed(2)} MB`,
    `buffers ${(buffers / 1e6).toFixed(2)} MB`,
    `${nodes} nodes`,
    `busy ${(100 * busy).toFixed(0)} %`,
    `longest task ${longestMs.toFixed(0)} ms, computing ${longestCpuMs.toFixed(0)} ms`,
  ];
  console.log(figures.join('   '));
}

function report({ objectsMB, heldMB, growth, columnsGrewMB, buffersMB, busy, longestMs, tasks, load }) {
  console.log(`\n${library}, ${minutes} minutes, load of the machine ${load.join(', ')}`);
  console.log(
    `Heap from ${first.seconds.toFixed(0)} to ${last.seconds.toFixed(0)} s: ${percent(growth)} (at most ${percent(flat)}): ${isFlat ? 'flat' : 'NOT FLAT'}`,
  );
  console.log(
    `All objects ${objectsMB.map((mb) => mb.toFixed(2)).join(' → ')} MB (medians of the windows before), by snapshot:`,
  );
  for (const [whose, from, to] of heldMB) {
    console.log(`  ${whose.padEnd(8)} ${from.toFixed(2)} → ${to.toFixed(2)} MB`);
  }
  console.log(
    `Buffers ${buffersMB.map((mb) => mb.toFixed(2)).join(' → ')} MB, of which metric columns ${columnsGrewMB.toFixed(2)} MB`,
  );
  console.log(`Main thread busy ${(100 * busy).toFixed(0)} %, longest task ${longestMs.toFixed(0)} ms`);
  const own = tasks.filter(({ cpuMs }) => cpuMs > longMs).length;
  console.log(
    `Tasks over ${longMs} ms after the first window: ${tasks.length} by the clock, ${own} by computing`,
  );
  for (const { atSeconds, ms, cpuMs, what } of tasks.slice(0, 20)) {
    console.log(
      `${atSeconds.toFixed(0).padStart(6)} s ${ms.toFixed(0)} ms, computing ${cpuMs.toFixed(0)} ms  ${what}`,
    );
  }
}
