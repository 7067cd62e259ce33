import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// The states that the page can be in, and how to bring it there: `npm run screenshots` photographs each.

/** A software GPU checks and compiles on one core. */
export const patience = { timeout: 180_000 };

export const says = (page, words, within = patience) =>
  page
    .getByRole('status')
    .filter({ hasText: words })
    .waitFor({ state: 'attached', ...within });

export async function train(page, steps) {
  await page.getByRole('button', { name: 'Train', exact: true }).click(patience);
  await page.waitForFunction(
    (least) => Number(document.querySelector('.progress progress')?.value) >= least,
    steps,
    patience,
  );
}

async function finish(page) {
  await page.getByRole('button', { name: 'Train', exact: true }).click(patience);
  await says(page, 'Finished');
}

async function pause(page) {
  await page.getByRole('button', { name: 'Pause' }).click();
  await says(page, 'Paused');
}

/** Small enough for a software GPU; the rate collapses SRT within its first steps. */
const small = 'preset=entropy&learningRate=0.002&evalPrompts=16&evalMajorityPrompts=0&checkpointEvery=10';
const lucky =
  'preset=entropy&learningRate=0.00005&seed=2&evalPrompts=4&evalMajorityPrompts=0&evalEvery=1&checkpointEvery=10';
const log = 'public/examples/trainer_state.json';
const escape = (page) => page.keyboard.press('Escape');
const pressed = (name) => (page) => page.getByRole('button', { name, exact: true }).click();

/** Runs of TRL's trainers, as their ends are judged: docs/watch.md shows them. */
const runOf = (name) => `tests/fixtures/logs/trl/${name}/trainer_state.json.gz`;
export const judged = {
  collapse: runOf('grpo-srt-collapse'),
  dead: runOf('grpo-dead'),
  'not-finite': runOf('grpo-nan-goes-on'),
  healthy: runOf('grpo-healthy-sort'),
};

/** Put before the trainer's script: its devices are within reach, and no other is given once one is lost. */
const keepsDevice = `const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    if (self.lost) throw new Error('the adapter is consumed');
    return (self.device = await requestDevice.apply(this, given));
  };`;

/** Put before the trainer's script: the numbers that a loss is weighted with are none, once that is wanted. */
const spoilsLosses = `const { writeBuffer } = GPUQueue.prototype;
  self.spoils = false;
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...rest) {
    if (self.spoils && data instanceof Float32Array) data = data.map(() => NaN);
    return writeBuffer.call(this, buffer, offset, data, ...rest);
  };`;

async function inTrainer(page, what) {
  for (const worker of page.workers()) {
    if (await worker.evaluate(() => self.name === 'trainer')) await worker.evaluate(what);
  }
}

/**
 * @param open opens the page in a context of its own: a query, and what is special about it
 * @param bare a browser without WebGPU
 * @param published files that the host gives in the place of those that were built, by path
 */
export function statesOf({ address, browser, bare, desk, open, published }) {
  async function watched(file) {
    const page = await open('#watch');
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByRole('table').first().waitFor(patience);
    return page;
  }

  async function withModel() {
    const page = await open('#model');
    await page.getByLabel('Model: a Hugging Face folder').setInputFiles('public/models/sort-64-early');
    await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor(patience);
    const numbers = ['5314', '9081', '6635', '2718', '4067', '8123', '1907', '3350'];
    const prompts = numbers.map((of) =>
      JSON.stringify({ prompt: `${of}=`, answer: of.split('').sort().join('') }),
    );
    await page.getByLabel('Prompts, one a line').fill(prompts.join('\n'));
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
    // What compares its kernels with stored answers never comes.
    compiling: async () => {
      const page = await open('', { without: '**/selfCheck-*.js' });
      await page.getByText('Compiling the kernels').first().waitFor(patience);
      return page;
    },
    finished: async () => {
      const page = await open(`?${small}&steps=20`);
      await finish(page);
      return page;
    },
    // Evaluated on so few prompts both lanes fall by bad luck, and come back.
    recovered: async () => {
      const page = await open(`?${lucky}&steps=24`);
      await finish(page);
      await page.getByText('recovered from 11').first().waitFor(patience);
      return page;
    },
    compared: async () => {
      const page = await open(`?${small}&steps=20`);
      await finish(page);
      await page.goto(`${address}?${small}&steps=20&seed=2`);
      await finish(page);
      await page.getByRole('link', { name: 'Runs', exact: true }).click();
      const boxes = page.getByRole('checkbox', { name: /^Compare / });
      await boxes.nth(3).waitFor(patience);
      for (const box of await boxes.all()) await box.check();
      await page.getByRole('button', { name: /^Compare \d runs/ }).click();
      await page.getByRole('heading', { name: /kept runs$/ }).waitFor(patience);
      return page;
    },
    broken: async () => {
      const page = await open(`?${small}`);
      await says(page, 'Ready to train');
      await page.route(/assets\/Guide-/, (route) => route.abort());
      await page.getByRole('link', { name: 'Guide' }).click();
      await page.getByText('Guide could not be loaded.').waitFor(patience);
      return page;
    },
    'from-disk': async () => {
      const context = await browser.newContext({ viewport: desk });
      const page = await context.newPage();
      await page.goto(pathToFileURL('dist/index.html').href);
      return page;
    },
    'other-tab': async () => {
      const first = await open(`?${small}&steps=100000`);
      await train(first, 12);
      await first.waitForFunction(() => localStorage.getItem('m-grpo-lab.kept') !== null, null, patience);
      const second = await first.context().newPage();
      await second.goto(address);
      await second.getByText('Another tab has your run.').waitFor(patience);
      return second;
    },
    'new-version': async () => {
      const page = await open(`?${small}`, { host: 'lab.localhost' });
      await says(page, 'Ready to train');
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await page.reload();
      await says(page, 'Ready to train');
      const worker = readFileSync('dist/serviceWorker.js', 'utf8');
      published.set('/serviceWorker.js', `${worker}\n// Another build.`);
      await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
      await page.getByText('A new version of the lab is there.').waitFor(patience);
      published.clear();
      return page;
    },
    'device-replaced': async () => {
      const page = await open(`?${small}&steps=100000`, { trainer: keepsDevice });
      await train(page, 30);
      await inTrainer(page, () => self.device.destroy());
      await page.getByText('every lane goes on from its newest checkpoint').first().waitFor(patience);
      await pause(page);
      return page;
    },
    'device-lost': async () => {
      const page = await open(`?${small}&steps=100000`, { trainer: keepsDevice });
      await train(page, 12);
      await inTrainer(page, () => {
        self.lost = true;
        self.device.destroy();
      });
      await page.getByText('The GPU was lost', { exact: true }).first().waitFor(patience);
      return page;
    },
    'non-finite': async () => {
      const page = await open(`?${small}&steps=100000`, { trainer: spoilsLosses });
      await train(page, 12);
      await inTrainer(page, () => {
        self.spoils = true;
      });
      await page.getByText('Stopped: a value was not finite').first().waitFor(patience);
      return page;
    },
    model: () => open('#model'),
    'model-asked': async () => {
      const page = await withModel();
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await page.getByRole('table').first().waitFor(patience);
      return page;
    },
    'model-training': async () => {
      const page = await withModel();
      await page.getByRole('button', { name: 'Train an adapter' }).click();
      const part = page.getByRole('region', { name: 'Train an adapter' });
      const set = async (label, value) => {
        await part.getByRole('textbox', { name: label, exact: true }).fill(value);
        await part.getByRole('textbox', { name: label, exact: true }).press('Enter');
      };
      await part.getByText('more knobs').click();
      await set('Prompts per step B', '2');
      await set('Group size G', '4');
      await part.getByText('more knobs').click();
      await part.getByRole('button', { name: 'Train', exact: true }).click(patience);
      await page.getByText(/^Step [2-9] of/).waitFor(patience);
      await part.getByRole('button', { name: 'Pause' }).click();
      await page.getByText(/^Paused at step/).waitFor(patience);
      return page;
    },
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
          inSight: (page) => page.getByRole('textbox', { name: 'Learning rate' }).scrollIntoViewIfNeeded(),
          leave: (page) => page.getByRole('textbox', { name: 'Learning rate' }).press('Escape'),
        },
        'all-knobs': {
          enter: (page) => page.getByRole('radio', { name: /^All/ }).check(),
          inSight: (page) => page.getByRole('radio', { name: /^All/ }).scrollIntoViewIfNeeded(),
        },
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
          inSight: async (page) => {
            // On a phone charts are tabs.
            const tab = page.getByRole('radio', { name: 'Vote', exact: true });
            if (await tab.isVisible()) await tab.check();
            await page.getByRole('group', { name: 'Vote as a table' }).scrollIntoViewIfNeeded();
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

  return { fresh, inTurn };
}
