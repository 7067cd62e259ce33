import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitMs } from '../patience.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import {
  eventually,
  exportMetrics,
  type Host,
  keptUpTo,
  launch,
  query,
  reaches,
  serveBuilt,
  stepsMade,
  tiny,
  waitForStep,
} from './lab.ts';

let browser: Browser;
let host: Host;
beforeAll(async () => {
  // As it is for everybody else: pages that are left may be put away whole, and come back.
  [browser, host] = await Promise.all([launch(undefined, ['--disable-back-forward-cache']), serveBuilt()]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
});

const settings = { ...tiny, promptsPerStep: '2', checkpointEvery: '4', steps: '40' };
const line = (page: Page) => page.getByRole('status', { name: 'Kept runs' });
const train = (page: Page) => page.getByRole('button', { name: 'Train' }).click();

/** A tab of a visitor who was here before, beside others. */
async function tab(context: BrowserContext, search = ''): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
  });
  await page.goto(`${host.address}${search}`);
  return page;
}

/** In the page: bytes of all records that are kept. */
async function recordBytes(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle('runs');
  let bytes = 0;
  for await (const run of runs.values()) {
    const record = await (run as FileSystemDirectoryHandle).getFileHandle('record.jsonl');
    bytes += (await record.getFile()).size;
  }
  return bytes;
}

/** Rows without their times. */
const timeless = (rows: readonly Partial<MetricRow>[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([id]) => !id.startsWith('perf/'))));

async function finished(page: Page): Promise<readonly (readonly object[])[]> {
  await reaches(page, 'Finished');
  return (await exportMetrics(page)).lanes.map(timeless);
}

/** The same run, which nothing disturbs. */
async function undisturbed(): Promise<readonly (readonly object[])[]> {
  const context = await browser.newContext();
  const page = await tab(context, query(settings));
  await reaches(page, 'Ready to train');
  await train(page);
  const lanes = await finished(page);
  await context.close();
  return lanes;
}

/** Rows of the same lanes up to a step, which nothing disturbs. */
async function undisturbedUntil(step: number, search: string): Promise<readonly (readonly object[])[]> {
  const context = await browser.newContext();
  const page = await tab(context, search);
  await reaches(page, 'Ready to train');
  await train(page);
  await waitForStep(page, step);
  const { lanes } = await exportMetrics(page);
  await context.close();
  return lanes.map((rows) => timeless(rows.slice(0, step + 1)));
}

/** Whether another visit would ask for what the page trains. */
const isKept = (page: Page): Promise<void> =>
  eventually(async () => {
    expect(await page.evaluate(() => localStorage.getItem('m-grpo-lab.kept'))).not.toBe(null);
  });

it('one tab trains, another takes the run over at its last step, and goes on bit for bit; the first says so', async () => {
  const context = await browser.newContext();
  // More than it makes meanwhile.
  const long = query({ ...settings, steps: '2000' });
  const first = await tab(context, long);
  await reaches(first, 'Ready to train');
  await train(first);
  await waitForStep(first, 5);
  // Five steps may take less time than it takes to keep the first of them.
  await isKept(first);

  const second = await tab(context);
  await reaches(second, 'Ready to train');
  await line(second).getByText('Another tab has your run.').waitFor();
  expect(await stepsMade(second)).toBe(0);
  expect(await first.getByRole('button', { name: 'Pause' }).count()).toBe(1);
  await line(second).getByRole('button', { name: 'Take it over' }).click();
  await reaches(second, 'Paused');
  await line(first)
    .getByText(/^Another tab took this run over: from here on, this page keeps nothing of it\./)
    .waitFor();
  await reaches(first, 'Paused');
  // It came to rest first: no step is made twice.
  const made = await stepsMade(second);
  expect(made).toBe(await stepsMade(first));
  await second.getByRole('button', { name: 'Step', exact: true }).click();
  await waitForStep(second, made + 1);
  const lanes = (await exportMetrics(second)).lanes.map(timeless);
  expect(lanes).toEqual(await undisturbedUntil(made + 1, long));
  await context.close();
});

it('a run that a tab has left for other lanes is opened in another tab, and the first goes on keeping what it shows', async () => {
  const context = await browser.newContext();
  const first = await tab(context, query(settings));
  await reaches(first, 'Ready to train');
  const step = first.getByRole('button', { name: 'Step', exact: true });
  await step.click();
  await waitForStep(first, 1);
  await reaches(first, 'Paused');
  await isKept(first);
  await first.getByRole('button', { name: 'Reset', exact: true }).click();
  await first.getByRole('alertdialog').getByRole('button', { name: 'Reset' }).click();
  await reaches(first, 'Ready to train');
  await step.click();
  await waitForStep(first, 1);
  await reaches(first, 'Paused');

  const second = await tab(context, '#runs');
  const kept = second.getByRole('list', { name: 'Kept runs' }).locator('> li');
  await eventually(async () => {
    expect(await kept.count()).toBe(2);
  });
  await kept.last().getByRole('button', { name: /^Open/ }).click();
  await reaches(second, 'Paused');
  expect(await stepsMade(second)).toBe(1);
  const bytes = await first.evaluate(recordBytes);
  await step.click();
  await waitForStep(first, 2);
  await eventually(async () => {
    expect(await first.evaluate(recordBytes)).toBeGreaterThan(bytes);
  });
  expect(await line(first).count()).toBe(0);
  await context.close();
});

/** In the page: the last step whose row is written in each record that is kept. */
async function lastSteps(): Promise<readonly number[]> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle('runs');
  const steps: number[] = [];
  for await (const run of runs.values()) {
    const record = await (run as FileSystemDirectoryHandle).getFileHandle('record.jsonl');
    const lines = (await (await record.getFile()).text()).trimEnd().split('\n');
    const rows = lines.flatMap((line) => {
      const { type, step } = JSON.parse(line) as { type: string; step: number };
      return type === 'step' ? [step] : [];
    });
    steps.push(rows.at(-1) ?? -1);
  }
  return steps;
}

/** What befalls a tab that trains and has the run, and its end. */
const silences: Readonly<
  Record<string, (page: Page) => (() => Promise<void>) | Promise<() => Promise<void>>>
> = {
  'is frozen': async (page) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
    return async () => {
      await cdp.send('Page.setWebLifecycleState', { state: 'active' });
    };
  },
  hangs: (page) => {
    const hanging = page.evaluate(() => {
      // Longer than another tab waits for it.
      const end = performance.now() + 60_000;
      while (performance.now() < end);
    });
    return () => hanging;
  },
};

it.each(Object.keys(silences))(
  'a tab that %s while it trains loses its run to another, and none of its steps; it keeps nothing more of it, and says so',
  async (silence) => {
    const context = await browser.newContext();
    const long = query({ ...settings, steps: '2000' });
    const first = await tab(context, long);
    await reaches(first, 'Ready to train');
    await train(first);
    await waitForStep(first, 5);
    await isKept(first);
    const made = await stepsMade(first);
    await keptUpTo(first, 4);
    const wake = await silences[silence]?.(first);

    const second = await tab(context);
    await reaches(second, 'Ready to train');
    // What was measured is on the disk, whether a checkpoint is or not.
    expect(Math.min(...(await second.evaluate(lastSteps)))).toBeGreaterThanOrEqual(made);
    await line(second).getByText('Another tab has your run.').waitFor();
    await line(second).getByRole('button', { name: 'Take it over' }).click();
    await reaches(second, 'Paused');
    const taken = await stepsMade(second);
    expect(taken).toBeGreaterThanOrEqual(4);

    await wake?.();
    await line(first)
      .getByText(/^Another tab took this run over: from here on, this page keeps nothing of it\./)
      .waitFor();
    const step = second.getByRole('button', { name: 'Step', exact: true });
    await step.click();
    await waitForStep(second, taken + 1);
    await reaches(second, 'Paused');
    await keptUpTo(second, taken + 1);
    await second.reload();
    await reaches(second, 'Paused');
    expect(await stepsMade(second)).toBe(taken + 1);
    const lanes = (await exportMetrics(second)).lanes.map((rows) => timeless(rows.slice(0, taken + 2)));
    expect(lanes).toEqual(await undisturbedUntil(taken + 1, long));
    await context.close();
  },
);

it('a page that is left, come back to and reloaded goes on bit for bit; put away, it holds nothing that another tab waits for', async () => {
  const context = await browser.newContext();
  const page = await tab(context, query(settings));
  await reaches(page, 'Ready to train');
  await train(page);
  await waitForStep(page, 6);
  await keptUpTo(page, 4);
  // Away in the middle of a step.
  await page.goto(`${host.address}models/sort-48/config.json`);
  const other = await tab(context);
  await reaches(other, 'Paused');
  expect(await line(other).getByText('Another tab has your run.').count()).toBe(0);
  await other.close();

  await page.goBack();
  await reaches(page, 'Paused');
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThanOrEqual(4);
  await train(page);
  expect(await finished(page)).toEqual(await undisturbed());
  await context.close();
});

it('a page stops writing when a newer version of the lab changes the schema, and says so; an older one never begins', async () => {
  const context = await browser.newContext();
  const page = await tab(context, query(settings));
  await reaches(page, 'Ready to train');
  const step = page.getByRole('button', { name: 'Step', exact: true });
  await step.click();
  await waitForStep(page, 1);
  await reaches(page, 'Paused');
  await isKept(page);
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('m-grpo-lab', 99);
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
        request.onerror = () => {
          reject(new Error(String(request.error)));
        };
      }),
  );
  await line(page)
    .getByText(/^Another version of the lab took over what is kept/)
    .waitFor();
  const bytes = await page.evaluate(recordBytes);
  await step.click();
  await waitForStep(page, 2);
  await reaches(page, 'Paused');
  expect(await page.evaluate(recordBytes)).toBe(bytes);

  const older = await tab(context, query({ ...settings, seed: '8' }));
  await reaches(older, 'Ready to train');
  await older.getByRole('button', { name: 'Step', exact: true }).click();
  await line(older)
    .getByText(/^A newer version of the lab keeps runs here/)
    .waitFor();
  await waitForStep(older, 1);
  expect(await older.evaluate(recordBytes)).toBe(bytes);
  await context.close();
});
