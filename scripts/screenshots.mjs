import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChromium } from '../src/cli/chromium.mjs';
import { ensureDependencies } from './ensure.mjs';
import { judged, patience, says, statesOf } from './states.mjs';

// Photographs the built page: every state it can be in, on desks, a phone and at 200 %, dark, light and in forced
// colours, and as it is printed, into screenshots/, with a sheet of each state to look through;
// and with --docs the README's pictures, of a whole run of a preset, into docs/ (with --states watched, those of
// docs/watch.md alone). All figures in them are trained.
// Usage: npm run build && npm run screenshots -- [--docs] [--preset entropy] [--steps 600] [--out screenshots]
//   [--states collapsed,help] [--as dark-desk,light-phone,forced-dark,print]
const { values } = parseArgs({
  options: {
    docs: { type: 'boolean', default: false },
    preset: { type: 'string', default: 'entropy' },
    steps: { type: 'string' },
    states: { type: 'string' },
    as: { type: 'string' },
    out: { type: 'string' },
  },
});
const out = values.out ?? (values.docs ? 'docs' : 'screenshots');
const desk = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
/** At 200 % a window has half as many of the page's pixels each way. */
const sizes = {
  desk,
  laptop: { width: 1280, height: 720 },
  small: { width: 1024, height: 640 },
  phone,
  200: { width: 720, height: 450 },
};

ensureDependencies();
const { preview } = await import('vite');
const { chromium } = await import('playwright-core');

const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const launch = (args) =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...args] });
/** What is served in the place of a built file, by path: a new version of the lab. */
const published = new Map();
const publishing = {
  name: 'published',
  configurePreviewServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      const body = published.get(new URL(request.url, 'http://host').pathname);
      if (body === undefined) return next();
      response.setHeader('Content-Type', 'text/javascript');
      response.end(body);
    });
  },
};
const server = await preview({ plugins: [publishing], preview: { port: 0 } });
const [address] = server.resolvedUrls.local;
const browser = await launch(webgpu);
mkdirSync(out, { recursive: true });

let withoutGpu;
async function bare() {
  withoutGpu ??= await launch(['--disable-gpu']);
  return withoutGpu;
}

/**
 * @param visited whether its reader was here before: is offered no tour
 * @param without what it waits for in vain
 * @param trainer what is put before the trainer's script
 * @param host a name of this machine under which files are kept for offline use
 */
async function open(query, { visited = true, from = browser, without, trainer, host = 'localhost' } = {}) {
  const context = await from.newContext({ viewport: desk, colorScheme: 'dark' });
  const page = await context.newPage();
  if (visited) await page.addInitScript(() => localStorage.setItem('m-grpo-lab.tour', 'seen'));
  if (without !== undefined) await page.route(without, () => {});
  if (trainer !== undefined) {
    await context.route(/assets\/worker-/, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: `{${trainer}}\n${await answer.text()}` });
    });
  }
  await page.goto(`${address.replace('localhost', host)}${query}`);
  return page;
}

/** Time for charts to settle: they are drawn in turns. */
const settle = (page) => page.waitForTimeout(1200);

/** Every way to photograph a state: in each size and theme, in forced colours on the desk, and on paper. */
const ways = Object.fromEntries([
  ...['dark', 'light'].flatMap((colorScheme) => [
    ...Object.entries(sizes).map(([size, viewport]) => [
      `${colorScheme}-${size}`,
      { viewport, media: { colorScheme, forcedColors: 'none', media: 'screen' } },
    ]),
    [
      `forced-${colorScheme}`,
      { viewport: desk, media: { colorScheme, forcedColors: 'active', media: 'screen' } },
    ],
  ]),
  ['print', { viewport: desk, media: { colorScheme: 'light', forcedColors: 'none', media: 'print' } }],
]);

/** The chosen of what there is, all where nothing is chosen. */
function chosenOf(all, names) {
  const chosen = names?.split(',') ?? Object.keys(all);
  const unknown = chosen.filter((name) => !(name in all));
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}.`);
  return chosen;
}

/** @param inSight scrolls to what the state is about, where that is not at the top */
async function shoot(page, name, inSight) {
  const files = [];
  for (const way of chosenOf(ways, values.as)) {
    const { viewport, media } = ways[way];
    await page.emulateMedia(media);
    await page.setViewportSize(viewport);
    // Emulated, it is not said that the page is printed; what is out of sight is drawn once it is.
    if (way === 'print') await page.evaluate(() => void dispatchEvent(new Event('beforeprint')));
    await settle(page);
    if (way !== 'print') await inSight?.(page);
    const path = `${out}/${name}-${way}.png`;
    await page.screenshot({ path, fullPage: way === 'print' });
    if (way === 'print') await page.evaluate(() => void dispatchEvent(new Event('afterprint')));
    files.push({ way, path });
  }
  await page.emulateMedia(ways['dark-desk'].media);
  await page.setViewportSize(desk);
  await sheet(name, files);
  console.log(name);
}

/** Pictures of a state side by side, to look through. */
async function sheet(name, files) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  await page.setContent(
    `<style>body{margin:8px;background:#777;font:14px system-ui;display:flex;flex-wrap:wrap;gap:8px}
     figure{margin:0}img{display:block;max-width:788px;max-height:600px}</style>` +
      files
        .map(({ way, path }) => {
          const data = readFileSync(path).toString('base64');
          return `<figure><figcaption>${name} ${way}</figcaption><img src="data:image/png;base64,${data}"></figure>`;
        })
        .join(''),
  );
  await page.screenshot({ path: `${out}/sheet-${name}.png`, fullPage: true });
  await page.close();
}

const { fresh, inTurn } = statesOf({ address, browser, bare, desk, open, published });

/** The README's: a run to its end, the same on a phone, the Guide, and a log of another trainer. */
async function photographForDocs() {
  const query = new URLSearchParams({
    preset: values.preset,
    ...(values.steps === undefined ? {} : { steps: values.steps }),
  });
  const page = await open(`?${query}`);
  await page.getByRole('button', { name: 'Train', exact: true }).click(patience);
  await says(page, 'Finished', { timeout: 3 * 3600_000 });
  const shot = async (of, name) => {
    await settle(of);
    await of.screenshot({ path: `${out}/${name}.png` });
    console.log(`${out}/${name}.png`);
  };
  await shot(page, 'lab-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await shot(page, 'lab-light');
  await page.setViewportSize(phone);
  await shot(page, 'lab-phone');
  const guide = await open('#guide');
  await guide.emulateMedia({ colorScheme: 'light' });
  await shot(guide, 'guide');
  await shot(await fresh.watched(), 'watch');
  await photographWatch();
}

/** Those of docs/watch.md: of each its card and two rows of charts. */
async function photographWatch() {
  for (const name of Object.keys(judged)) {
    const page = await fresh[`watched-${name}`]();
    await page.emulateMedia({ colorScheme: 'light' });
    await settle(page);
    const { y } = await page.locator('main').boundingBox();
    const clip = { x: 0, y, width: desk.width, height: 540 };
    await page.screenshot({ path: `${out}/watch-${name}.png`, clip });
    console.log(`${out}/watch-${name}.png`);
    await page.context().close();
  }
}

async function photographStates() {
  const chosen = chosenOf(Object.assign({}, fresh, ...inTurn.map(({ states }) => states)), values.states);
  for (const [name, reach] of Object.entries(fresh)) {
    if (!chosen.includes(name)) continue;
    const page = await reach();
    await shoot(page, name);
    await page.context().close();
  }
  for (const { start, states } of inTurn) {
    if (!Object.keys(states).some((name) => chosen.includes(name))) continue;
    const page = await start();
    for (const [name, { enter, inSight, leave }] of Object.entries(states)) {
      if (!chosen.includes(name)) continue;
      await enter?.(page);
      await shoot(page, name, inSight);
      await leave?.(page);
    }
    await page.context().close();
  }
}

if (values.docs) await (values.states === 'watched' ? photographWatch() : photographForDocs());
else await photographStates();
await withoutGpu?.close();
await browser.close();
await server.close();
