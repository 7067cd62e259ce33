import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChromium } from '../src/cli/chromium.mjs';
import { ensureDependencies } from './ensure.mjs';

// Photographs the built page: every state it can be in, on desks, a phone and at 200 %, dark, light and in forced
// colours, and as it is printed, into screenshots/;
// and with --docs the README's pictures, of a whole run of a preset, into docs/. All figures in them are trained.
// Usage: npm run build && npm run screenshots -- [--docs] [--preset entropy] [--steps 600] [--only <state>]
const { values } = parseArgs({
  options: {
    docs: { type: 'boolean', default: false },
    preset: { type: 'string', default: 'entropy' },
    steps: { type: 'string' },
    only: { type: 'string' },
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

/** @param visited whether its reader was here before: is offered no tour */
async function open(query, { visited = true, from = browser } = {}) {
  const context = await from.newContext({ viewport: desk, colorScheme: 'dark' });
  const page = await context.newPage();
  if (visited) await page.addInitScript(() => localStorage.setItem('m-grpo-lab.tour', 'seen'));
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
const settle = (page) => page.waitForTimeout(1500);

/** A state in every size and theme, in forced colours on the desk, and on paper. */
async function shoot(page, name) {
  const photograph = async (as, fullPage = false) => {
    await settle(page);
    await page.screenshot({ path: `${out}/${name}-${as}.png`, fullPage });
  };
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      await photograph(`${colorScheme}-${size}`);
    }
    await page.setViewportSize(desk);
    await page.emulateMedia({ colorScheme, forcedColors: 'active' });
    await photograph(`forced-${colorScheme}`);
    await page.emulateMedia({ forcedColors: 'none' });
  }
  await page.emulateMedia({ media: 'print' });
  await photograph('print', true);
  await page.emulateMedia({ media: 'screen' });
  console.log(name);
}

/** Small enough for a software GPU; the rate collapses SRT within its first steps. */
const small = 'preset=entropy&learningRate=0.002&evalPrompts=16&evalMajorityPrompts=0&checkpointEvery=10';
const log = 'public/examples/trainer_state.json';

/** How to bring the page into each state. */
const states = {
  checking: async () => {
    const page = await open('', { visited: false });
    await page.getByText('Checking the GPU').first().waitFor(patience);
    return page;
  },
  tour: async () => {
    const page = await open(`?${small}`, { visited: false });
    await says(page, 'Ready to train');
    await page.getByRole('button', { name: 'Take the tour' }).click();
    return page;
  },
  ready: async () => {
    const page = await open(`?${small}`);
    await says(page, 'Ready to train');
    return page;
  },
  'all-knobs': async () => {
    const page = await states.ready();
    await page.getByRole('radio', { name: /^All/ }).check();
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
  collapsed: async () => {
    const page = await open(`?${small}`);
    await train(page, 60);
    await pause(page);
    return page;
  },
  help: async () => {
    const page = await states.collapsed();
    await page
      .getByTitle(/What helps, and more/)
      .first()
      .click();
    return page;
  },
  forked: async () => {
    const page = await states.collapsed();
    await page.getByRole('slider', { name: 'Step shown' }).fill('20');
    await page.getByRole('button', { name: /^Fork from/ }).click();
    await page.getByRole('textbox', { name: 'Learning rate' }).fill('3e-4');
    await page.getByRole('textbox', { name: 'Learning rate' }).press('Enter');
    await page.getByRole('button', { name: 'Newest' }).click();
    await train(page, 60);
    await pause(page);
    return page;
  },
  'truth-hidden': async () => {
    const page = await states.collapsed();
    await page.getByLabel('hide truth').check();
    return page;
  },
  table: async () => {
    const page = await states.collapsed();
    const chart = page.getByRole('figure', { name: 'Vote', exact: true });
    await chart.getByText('⋯').click();
    await chart.getByRole('button', { name: 'Show as a table' }).click();
    return page;
  },
  question: async () => {
    const page = await states.collapsed();
    await page.getByRole('button', { name: 'Reset', exact: true }).click();
    return page;
  },
  refusal: async () => {
    const page = await states.ready();
    await page.getByRole('textbox', { name: 'Learning rate' }).fill('7');
    await page.getByRole('textbox', { name: 'Learning rate' }).press('Enter');
    return page;
  },
  'refused-link': async () => open('?learningRate=2'),
  'own-reward': async () => {
    const page = await states['all-knobs']();
    await page.getByRole('button', { name: /Own reward/ }).click();
    await page.getByRole('dialog').waitFor();
    return page;
  },
  'own-prompts': async () => {
    const page = await states['all-knobs']();
    await page.getByText('Task and model').click();
    await page.getByRole('button', { name: /Own prompts/ }).click();
    await page.getByRole('dialog').waitFor();
    return page;
  },
  watch: async () => open('#watch'),
  watched: async () => {
    const page = await open('#watch');
    await page.locator('input[type=file]').setInputFiles(log);
    await page.getByRole('table').first().waitFor(patience);
    return page;
  },
  'watch-refused': async () => {
    const page = await open('#watch');
    await page.locator('input[type=file]').setInputFiles('LICENSE');
    await page.getByRole('alert').first().waitFor(patience);
    return page;
  },
  guide: async () => open('#guide'),
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
  await shot(await states.watched(), 'watch');
}

if (values.docs) await photographForDocs();
else {
  const chosen = Object.entries(states).filter(([name]) => values.only === undefined || name === values.only);
  for (const [name, reach] of chosen) {
    const page = await reach();
    await shoot(page, name);
    await page.context().close();
  }
}
await withoutGpu?.close();
await browser.close();
await server.close();
