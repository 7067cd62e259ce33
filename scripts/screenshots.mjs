import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChromium } from '../src/cli/chromium.mjs';
import { ensureDependencies } from './ensure.mjs';

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
/** A software GPU checks and compiles on one core. */
const patience = { timeout: 180_000 };

ensureDependencies();
const { preview } = await import('vite');
const { chromium } = await import('playwright-core');

const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const launch = (args) =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...args] });
const server = await preview({ preview: { port: 0 } });
const [address] = server.resolvedUrls.local;
const browser = await launch(webgpu);
mkdirSync(out, { recursive: true });

/**
 * @param visited whether its reader was here before: is offered no tour
 * @param without what it waits for in vain
 */
async function open(query, { visited = true, from = browser, without } = {}) {
  const context = await from.newContext({ viewport: desk, colorScheme: 'dark' });
  const page = await context.newPage();
  if (visited) await page.addInitScript(() => localStorage.setItem('m-grpo-lab.tour', 'seen'));
  if (without !== undefined) await page.route(without, () => {});
  await page.goto(`${address}${query}`);
  return page;
}

const says = (page, words, within = patience) =>
  page
    .getByRole('status')
    .filter({ hasText: words })
    .waitFor({ state: 'attached', ...within });

async function train(page, steps) {
  await page.getByRole('button', { name: 'Train', exact: true }).click(patience);
  await page.waitForFunction(
    (least) => Number(document.querySelector('.progress progress')?.value) >= least,
    steps,
    patience,
  );
}

async function pause(page) {
  await page.getByRole('button', { name: 'Pause' }).click();
  await says(page, 'Paused');
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
    await settle(page);
    await inSight?.(page);
    const path = `${out}/${name}-${way}.png`;
    await page.screenshot({ path, fullPage: way === 'print' });
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

/** Small enough for a software GPU; the rate collapses SRT within its first steps. */
const small = 'preset=entropy&learningRate=0.002&evalPrompts=16&evalMajorityPrompts=0&checkpointEvery=10';
const log = 'public/examples/trainer_state.json';
const escape = (page) => page.keyboard.press('Escape');
const pressed = (name) => (page) => page.getByRole('button', { name, exact: true }).click();

/** Runs of TRL's trainers, as their ends are judged: docs/watch.md shows them. */
const runOf = (name) => `tests/fixtures/logs/trl/${name}/trainer_state.json.gz`;
const judged = {
  collapse: runOf('grpo-srt-collapse'),
  dead: runOf('grpo-dead'),
  'not-finite': runOf('grpo-nan-goes-on'),
  healthy: runOf('grpo-healthy-sort'),
};

async function watched(file) {
  const page = await open('#watch');
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByRole('table').first().waitFor(patience);
  return page;
}

/** How to bring a new page into each state. */
const fresh = {
  // Its model never comes: it stays at what comes before.
  starting: async () => {
    const page = await open('', { visited: false, without: '**/model.safetensors' });
    await page.getByText('Loading the base model').first().waitFor(patience);
    return page;
  },
  tour: async () => {
    const page = await open(`?${small}`, { visited: false });
    await says(page, 'Ready to train');
    await page.getByRole('button', { name: 'Take the tour' }).click();
    return page;
  },
  'four-lanes': async () => {
    const page = await open(`?${small}&lanes=4`);
    await train(page, 30);
    await pause(page);
    return page;
  },
  training: async () => {
    const page = await open(`?${small}&steps=100000`);
    await train(page, 12);
    return page;
  },
  'refused-link': () => open('?learningRate=2'),
  watch: () => open('#watch'),
  watched: () => watched(log),
  ...Object.fromEntries(
    Object.entries(judged).map(([name, file]) => [`watched-${name}`, () => watched(file)]),
  ),
  'watch-refused': async () => {
    const page = await open('#watch');
    await page.locator('input[type=file]').setInputFiles('LICENSE');
    await page.getByRole('alert').first().waitFor(patience);
    return page;
  },
  guide: () => open('#guide'),
  paper: () => open('#paper'),
  bench: () => open('#bench'),
  'not-started': async () => {
    const context = await browser.newContext({ viewport: desk });
    const page = await context.newPage();
    await page.route('**/model.safetensors', (route) => route.abort());
    await page.goto(address);
    await page.getByText('Not started', { exact: true }).first().waitFor(patience);
    return page;
  },
  'no-webgpu': async () => open('', { from: await bare() }),
};

const formula = (page) => page.getByRole('region', { name: 'One token in the loss' });

/** States that are reached from one page, one after another: how to enter and how to leave each. */
const inTurn = [
  {
    start: async () => {
      const page = await open(`?${small}`);
      await says(page, 'Ready to train');
      return page;
    },
    states: {
      ready: {},
      refusal: {
        enter: async (page) => {
          await page.getByRole('textbox', { name: 'Learning rate' }).fill('7');
          await page.getByRole('textbox', { name: 'Learning rate' }).press('Enter');
        },
        leave: (page) => page.getByRole('textbox', { name: 'Learning rate' }).press('Escape'),
      },
      'all-knobs': { enter: (page) => page.getByRole('radio', { name: /^All/ }).check() },
      'own-reward': {
        enter: async (page) => {
          await page.getByRole('button', { name: /Own reward/ }).click();
          await page.getByRole('dialog').getByRole('textbox').waitFor();
        },
        leave: pressed('Cancel'),
      },
      'own-prompts': {
        enter: async (page) => {
          await page.getByText('Task and model').click();
          await page.getByRole('button', { name: /Own prompts/ }).click();
          await page.getByRole('dialog').getByRole('textbox').waitFor();
        },
        leave: pressed('Cancel'),
      },
    },
  },
  {
    start: async () => {
      const page = await open(`?${small}`);
      await train(page, 60);
      await pause(page);
      return page;
    },
    states: {
      collapsed: {},
      help: {
        enter: (page) =>
          page
            .getByTitle(/What helps, and more/)
            .first()
            .click(),
        leave: escape,
      },
      table: {
        enter: async (page) => {
          const chart = page.getByRole('figure', { name: 'Vote', exact: true });
          await chart.getByText('⋯').click();
          await chart.getByRole('button', { name: 'Show as a table' }).click();
        },
        leave: async (page) => {
          const chart = page.getByRole('figure', { name: 'Vote', exact: true });
          await chart.getByText('⋯').click();
          await chart.getByRole('button', { name: 'Show as a chart' }).click();
        },
      },
      enlarged: {
        enter: async (page) => {
          const chart = page.getByRole('figure', { name: 'Vote', exact: true });
          await chart.getByRole('button', { name: /: enlarge$/ }).click();
          await page.getByRole('dialog').waitFor();
        },
        leave: pressed('Close'),
      },
      token: {
        enter: (page) => page.locator('.completions .token').first().click(),
        inSight: (page) => formula(page).scrollIntoViewIfNeeded(),
        leave: (page) => formula(page).getByRole('button', { name: 'Close' }).click(),
      },
      present: {
        enter: async (page) => {
          await page.evaluate(() => void (location.hash = 'lab/present'));
          await page.keyboard.press('ArrowLeft');
        },
        leave: escape,
      },
      'truth-hidden': {
        enter: (page) => page.getByLabel('hide truth').check(),
        leave: (page) => page.getByLabel('hide truth').uncheck(),
      },
      question: { enter: pressed('Reset'), leave: pressed('Keep this run') },
      runs: {
        enter: (page) => page.evaluate(() => void (location.hash = 'runs')),
        leave: (page) => page.goBack(),
      },
      playground: {
        enter: async (page) => {
          await page.evaluate(() => void (location.hash = 'playground'));
          await page.locator('main:not([aria-busy])').waitFor();
        },
        leave: (page) => page.goBack(),
      },
      forked: {
        enter: async (page) => {
          await page.getByRole('slider', { name: 'Step shown' }).fill('20');
          await page.getByRole('button', { name: /^Fork from/ }).click();
          await page.getByRole('textbox', { name: 'Learning rate' }).fill('3e-4');
          await page.getByRole('textbox', { name: 'Learning rate' }).press('Enter');
          await page.getByRole('button', { name: 'Newest' }).click();
          await train(page, 60);
          await pause(page);
        },
      },
    },
  },
];

let withoutGpu;
async function bare() {
  withoutGpu ??= await launch(['--disable-gpu']);
  return withoutGpu;
}

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
