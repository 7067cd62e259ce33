import type { BrowserContext, Page, Worker } from 'playwright-core';
import { expect, it } from 'vitest';
import { waitMs } from '../patience.ts';
import { exportMetrics, keptUpTo, openedLab, query, reaches, stepsMade, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

const settings = { ...tiny, promptsPerStep: '2', checkpointEvery: '2', steps: '2000' };
const line = (page: Page) => page.getByRole('status', { name: 'Kept runs' });

/** A page that trains and is kept. */
async function training(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
  });
  await page.goto(`${lab.host.address}${query(settings)}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 3);
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem('m-grpo-lab.kept')), { timeout: waitMs })
    .not.toBe(null);
  return page;
}

/** Steps go on to be made. */
async function goesOn(page: Page): Promise<void> {
  await waitForStep(page, (await stepsMade(page)) + 3);
}

/** Of the workers of a page, the one in which something is there. */
async function workerWith(page: Page, name: string): Promise<Worker> {
  for (const worker of page.workers()) {
    if (await worker.evaluate((wanted) => wanted in self, name)) return worker;
  }
  throw new Error(`no worker has ${name}`);
}

/** The browser's storage has no room any more. @returns what makes some */
async function fillDisk(context: BrowserContext, page: Page): Promise<() => Promise<unknown>> {
  const cdp = await context.newCDPSession(page);
  const { origin } = new URL(lab.host.address);
  const { usage } = await cdp.send('Storage.getUsageAndQuota', { origin });
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage });
  return () => cdp.send('Storage.overrideQuotaForOrigin', { origin });
}

it('storage that is full under way is said, training goes on, and what was kept before is there after a reload', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  const makeRoom = await fillDisk(context, page);
  await line(page).getByText('The browser’s storage is full: from here on, runs are not kept.').waitFor();
  await goesOn(page);
  page.on('dialog', (dialog) => void dialog.accept());
  await makeRoom();
  await page.goto(lab.host.address);
  await reaches(page, 'Paused');
  await page.getByRole('button', { name: 'Train' }).click();
  await goesOn(page);
  expect(
    await line(page)
      .getByText(/storage is full/)
      .count(),
  ).toBe(0);
  await context.close();
});

it('a run that a full disk kept no more is kept again, whole, once there is room', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  const makeRoom = await fillDisk(context, page);
  await line(page).getByText('The browser’s storage is full').waitFor();
  await goesOn(page);
  const full = await stepsMade(page);
  await makeRoom();
  await line(page).getByRole('button', { name: 'Keep it again' }).click();
  await goesOn(page);
  expect(await line(page).count()).toBe(0);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await keptUpTo(page, await stepsMade(page), 2);
  const before = (await exportMetrics(page)).lanes;
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThan(full);
  for (const [at, rows] of (await exportMetrics(page)).lanes.entries())
    expect(rows).toEqual(before[at]?.slice(0, rows.length));
  await context.close();
});

it('what is kept can be deleted under a running page: it says so, trains on, and opens afresh after a reload', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  const cdp = await context.newCDPSession(page);
  const { origin } = new URL(lab.host.address);
  await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await line(page)
    .getByText(
      /or it was deleted: from here on, this page keeps nothing|gives no storage \(\w+\): from here on/,
    )
    .waitFor();
  await goesOn(page);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.goto(lab.host.address);
  await reaches(page, 'Ready to train');
  await context.close();
});

it('a trainer that breaks is said in words, and the run is there after a reload', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  const broken = page.workers().map((worker) =>
    worker.evaluate(() => {
      if (self.name === 'trainer') {
        setTimeout(() => {
          throw new Error('a ray from space');
        });
      }
    }),
  );
  await Promise.all(broken);
  await page
    .getByText(/The trainer stopped: .*a ray from space/)
    .first()
    .waitFor();
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThanOrEqual(2);
  await page.getByRole('button', { name: 'Train' }).click();
  await goesOn(page);
  await context.close();
});

/** In the worker of a name: does something, and does not answer. */
async function inWorker(page: Page, name: string, what: () => void): Promise<void> {
  for (const worker of page.workers()) {
    if (await worker.evaluate((wanted) => self.name === wanted, name)) {
      void worker.evaluate(what).catch(() => undefined);
      return;
    }
  }
  throw new Error(`no worker is called ${name}`);
}

it.each([
  [
    'is gone without a word',
    'The trainer is gone',
    () => {
      self.close();
    },
  ],
  [
    'hangs',
    'The trainer hangs',
    () => {
      for (;;);
    },
  ],
] as const)(
  'a trainer that %s is said, and another goes on from at most ten steps back',
  async (_, words, end) => {
    const context = await lab.browser.newContext();
    const page = await training(context);
    await inWorker(page, 'trainer', end);
    const panel = page.getByRole('alert').filter({ hasText: words });
    await panel.waitFor();
    const made = await stepsMade(page);
    await panel.getByRole('button', { name: 'Go on from the newest checkpoint' }).click();
    await reaches(page, 'Training');
    await goesOn(page);
    await page.getByRole('button', { name: 'Pause' }).click();
    await reaches(page, 'Paused');
    const from = Number(
      /Train goes on from step (\d+)|came out once more/.exec((await line(page).textContent()) ?? '')?.[1] ??
        made,
    );
    expect(made - from).toBeLessThanOrEqual(10);
    for (const rows of (await exportMetrics(page)).lanes)
      expect(rows.map(({ step }) => step)).toEqual(rows.map((_row, step) => step));
    await context.close();
  },
);

it('a keeper that is gone is replaced, training goes on, and all of it is there after a reload', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  await inWorker(page, 'keeper', () => {
    self.close();
  });
  await page.getByText(/What keeps your runs was ended .* Another took its place/).waitFor();
  await goesOn(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  const before = (await exportMetrics(page)).lanes;
  expect(await line(page).count()).toBe(0);
  // Both lanes; what the one before had of them stays as it is.
  await keptUpTo(page, made, 2);
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBe(made);
  expect((await exportMetrics(page)).lanes).toEqual(before);
  await page.getByRole('button', { name: 'Train' }).click();
  await goesOn(page);
  await context.close();
});

it('what a keeper was asked when it went is answered by the one that takes its place', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  await inWorker(page, 'keeper', () => {
    self.onmessage = ({ data }: MessageEvent<{ readonly type: string }>) => {
      if (data.type === 'list') self.close();
    };
  });
  await page.getByRole('link', { name: 'Runs', exact: true }).click();
  await page.getByRole('list', { name: 'Kept runs' }).getByRole('listitem').first().waitFor();
  await context.close();
});

/** Has a script run in the trainer before its own. */
async function beforeTrainer(context: BrowserContext, hook: string): Promise<void> {
  await context.route(/assets\/worker-/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: `{${hook}}\n${await answer.text()}` });
  });
}

it('a device destroyed in the middle of a step is replaced, and the run goes on', async () => {
  const context = await lab.browser.newContext();
  // Has the devices of the trainer within reach.
  await beforeTrainer(
    context,
    `const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      return (self.device = await requestDevice.apply(this, given));
    };`,
  );
  const page = await training(context);
  const worker = await workerWith(page, 'device');
  const before = await stepsMade(page);
  await worker.evaluate(() => {
    (self as unknown as { device: GPUDevice }).device.destroy();
  });
  await page
    .getByText(/every lane goes on from its newest checkpoint/)
    .first()
    .waitFor();
  await waitForStep(page, before + 3);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  // No step is missing, and none is there twice.
  for (const rows of (await exportMetrics(page)).lanes)
    expect(rows.map(({ step }) => step)).toEqual(rows.map((_, step) => step));
  await context.close();
});

it('where no device is to be had any more, the run goes on from its newest checkpoint when that is asked for', async () => {
  const context = await lab.browser.newContext();
  await beforeTrainer(
    context,
    `const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      if (self.device !== undefined) throw new Error('the adapter is consumed');
      return (self.device = await requestDevice.apply(this, given));
    };`,
  );
  const page = await training(context);
  const worker = await workerWith(page, 'device');
  await worker.evaluate(() => {
    (self as unknown as { device: GPUDevice }).device.destroy();
  });
  const panel = page.getByRole('alert').filter({ hasText: 'The GPU was lost' });
  await panel.waitFor();
  const made = await stepsMade(page);
  await panel.getByRole('button', { name: 'Go on from the newest checkpoint' }).click();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThanOrEqual(made - 10);
  await page.getByRole('button', { name: 'Train' }).click();
  await goesOn(page);
  await context.close();
});

it('a clock that jumps back by a year changes nothing but dates: the run is kept and comes back', async () => {
  const context = await lab.browser.newContext();
  const page = await training(context);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() - 365 * 24 * 3_600_000;
  });
  await goesOn(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  await keptUpTo(page, made);
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBe(made);
  await line(page)
    .getByText(/^Your run of /)
    .waitFor();
  await context.close();
});

it('a lane for which the GPU has no memory is refused, with what to do', async () => {
  const context = await lab.browser.newContext();
  await beforeTrainer(
    context,
    `const { pushErrorScope, popErrorScope } = GPUDevice.prototype;
    const filters = [];
    self.isFull = false;
    GPUDevice.prototype.pushErrorScope = function (filter) {
      filters.push(filter);
      pushErrorScope.call(this, filter);
    };
    GPUDevice.prototype.popErrorScope = async function () {
      const filter = filters.pop();
      const error = await popErrorScope.call(this);
      return self.isFull && filter === 'out-of-memory' ? new GPUOutOfMemoryError('nothing is left') : error;
    };`,
  );
  const page = await training(context);
  const worker = await workerWith(page, 'isFull');
  await worker.evaluate(() => {
    (self as unknown as { isFull: boolean }).isFull = true;
  });
  await page.getByRole('button', { name: '+ Add lane' }).click();
  const refused = page.getByText(/The GPU is out of memory: nothing is left/);
  await refused.first().waitFor();
  await page
    .getByText(/Choose a smaller model, fewer prompts or rollouts/)
    .first()
    .waitFor();
  await context.close();
});

it('a gradient that is not finite stops the run with its step, and it goes on from its newest checkpoint', async () => {
  const context = await lab.browser.newContext();
  // The next numbers that the loss is weighted with are none.
  await beforeTrainer(
    context,
    `const { writeBuffer } = GPUQueue.prototype;
    self.spoils = false;
    GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...rest) {
      if (self.spoils && data instanceof Float32Array) data = data.map(() => NaN);
      return writeBuffer.call(this, buffer, offset, data, ...rest);
    };`,
  );
  const page = await training(context);
  const worker = await workerWith(page, 'spoils');
  const spoil = (now: boolean): Promise<void> =>
    worker.evaluate((given) => {
      (self as unknown as { spoils: boolean }).spoils = given;
    }, now);
  await spoil(true);
  const panel = page.getByRole('alert').filter({ hasText: 'Stopped: a value was not finite' });
  await panel
    .getByText(/The gradient of step \d+ is not finite; the parameters are still those of step/)
    .waitFor();
  await spoil(false);
  const made = await stepsMade(page);
  await panel.getByRole('button', { name: /Go on from the last checkpoint at a third/ }).click();
  await reaches(page, 'Paused');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, made + 3);
  await context.close();
});
