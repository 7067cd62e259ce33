import type { BrowserContext, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import { waitMs } from '../patience.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import {
  eventually,
  exportMetrics,
  keptUpTo,
  newPage,
  openedLab,
  query,
  reaches,
  stepsMade,
  tiny,
  waitForStep,
} from './lab.ts';

const lab = openedLab();

const settings = { ...tiny, promptsPerStep: '2', checkpointEvery: '4', steps: '24' };
const address = (more: Readonly<Record<string, string>> = {}): string =>
  `${lab.host.address}${query({ ...settings, ...more })}`;
const line = (page: Page) => page.getByRole('status', { name: 'Kept runs' });
const train = (page: Page) => page.getByRole('button', { name: 'Train' }).click();

/** In the page: steps of the checkpoints that are kept of each run, ascending. */
async function keptSteps(): Promise<readonly (readonly number[])[]> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle('runs');
  const all: number[][] = [];
  for await (const run of runs.values()) {
    const steps: number[] = [];
    for await (const name of (run as FileSystemDirectoryHandle).keys()) {
      if (name.startsWith('checkpoint-1-')) steps.push(Number(name.split('-')[2]));
    }
    all.push(steps.sort((a, b) => a - b));
  }
  return all;
}

/** In the page: cuts the newest checkpoint of every run. @returns how many */
async function cutNewestCheckpoints(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle('runs');
  let cut = 0;
  for await (const run of runs.values()) {
    const folder = run as FileSystemDirectoryHandle;
    const steps: number[] = [];
    for await (const name of folder.keys()) {
      if (name.startsWith('checkpoint-1-')) steps.push(Number(name.split('-')[2]));
    }
    const file = await folder.getFileHandle(`checkpoint-1-${String(Math.max(...steps))}`);
    const bytes = await (await file.getFile()).slice(0, 1000).arrayBuffer();
    const writable = await file.createWritable();
    await writable.write(bytes);
    await writable.close();
    cut++;
  }
  return cut;
}

/** What the panel shows of a lane's rollouts of a step. */
async function rolloutsOf(page: Page, step: number): Promise<string> {
  await page.getByRole('slider', { name: 'Step shown' }).fill(String(step));
  const panel = page.getByRole('region', { name: /SRT/ }).filter({ has: page.getByRole('table') });
  await panel.getByText(`step ${String(step)} · prompt 1 of 2`).waitFor();
  return panel.innerText();
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
  const { page } = await newPage(lab.browser);
  await page.goto(address());
  await reaches(page, 'Ready to train');
  await train(page);
  const lanes = await finished(page);
  await page.close();
  return lanes;
}

/** A tab of a visitor who was here before, beside others. */
async function tab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
  });
  return page;
}

it('a reload shows the lanes as they were, paused, and says whose they are; Train goes on bit for bit', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(address());
  await reaches(page, 'Ready to train');
  await train(page);
  await waitForStep(page, 6);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  const before = (await exportMetrics(page)).lanes;
  const rolloutsThen = await rolloutsOf(page, 3);
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBe(made);
  expect((await exportMetrics(page)).lanes).toEqual(before);
  // The rollouts of its steps are there, too, token by token.
  expect(await rolloutsOf(page, 3)).toBe(rolloutsThen);
  await page.getByRole('button', { name: 'Newest' }).click();
  await line(page)
    .getByText(/^Your run of \d+ \w+, \d+ knobs differ from the preset/)
    .waitFor();
  await train(page);
  expect(await finished(page)).toEqual(await undisturbed());

  // A link wins, and the preset is one press away.
  await page.goto(address({ seed: '8' }));
  await reaches(page, 'Ready to train');
  expect(await line(page).count()).toBe(0);
  await page.goto(lab.host.address);
  await reaches(page, 'Finished');
  await line(page).getByRole('button', { name: 'Fresh Entropy' }).click();
  const question = page.getByRole('alertdialog');
  // True as soon as it is restored, and after it: there it is.
  await question.getByText('The 24 steps made so far of every lane stay on the page Runs').waitFor();
  await question.getByRole('button', { name: 'Open it' }).click();
  await reaches(page, 'Ready to train');
  expect(await line(page).count()).toBe(0);
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('button', { name: /^Open Entropy/ }).waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

it('a run that can’t be shown for want of a part of the page stays in Runs, and says so', async () => {
  // A service worker would have the part.
  const context = await lab.browser.newContext({ serviceWorkers: 'block' });
  const page = await tab(context);
  await page.goto(address());
  await reaches(page, 'Ready to train');
  await train(page);
  await waitForStep(page, 6);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  await keptUpTo(page, made);
  await page.route(/assets\/restore-/, (route) => route.abort());
  await page.reload();
  await page.getByRole('alert').filter({ hasText: 'can’t be opened now, and stays in Runs' }).waitFor();
  await reaches(page, 'Ready to train');
  expect(await stepsMade(page)).toBe(0);
  await page.unroute(/assets\/restore-/);
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('button', { name: /^Open Entropy/ }).click();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBe(made);
  await context.close();
});

it('a tab killed while it trains loses at most the steps since its checkpoint; they come out again, compared', async () => {
  const context = await lab.browser.newContext();
  const first = await tab(context);
  await first.goto(address());
  await reaches(first, 'Ready to train');
  await train(first);
  // Two checkpoints of each lane are on the disk beside that of the beginning; then the tab goes without a word.
  let least = 0;
  await eventually(async () => {
    expect(await first.evaluate(() => localStorage.getItem('m-grpo-lab.kept'))).not.toBe(null);
    least = Math.min(...(await first.evaluate(keptSteps)).map((all) => all.at(-2) ?? 0));
    expect(least).toBeGreaterThan(0);
  });
  const crashed = first.waitForEvent('crash');
  const cdp = await context.newCDPSession(first);
  void cdp.send('Page.crash').catch(() => undefined);
  await crashed;
  const page = await tab(context);
  // The newest checkpoints are damaged as well: it goes on from those before, and what came after is there to compare.
  await page.goto(`${lab.host.address}models/sort-48/config.json`);
  expect(await page.evaluate(cutNewestCheckpoints)).toBe(2);
  await page.goto(lab.host.address);
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThanOrEqual(least);
  await line(page)
    .getByText(/trained once more, and compared/)
    .waitFor();
  await train(page);
  expect(await finished(page)).toEqual(await undisturbed());
  await line(page)
    .getByText(/came out once more as before, bit for bit/)
    .waitFor();
  await context.close();
});

it('where the browser refuses storage the lab works, and says once that runs are not kept', async () => {
  const { page } = await newPage(lab.browser);
  await page.route(/keeperWorker/, async (route) => {
    const answer = await route.fetch();
    const refusal = `navigator.storage.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));`;
    await route.fulfill({ response: answer, body: `${refusal}\n${await answer.text()}` });
  });
  await page.goto(address());
  await reaches(page, 'Ready to train');
  await train(page);
  await reaches(page, 'Finished');
  await line(page)
    .getByText(/^The browser gives no storage \(SecurityError\): from here on, runs are not kept\./)
    .waitFor();
  await line(page).getByRole('button', { name: 'Put this line away' }).click();
  expect(await line(page).count()).toBe(0);
  await page.getByRole('button', { name: 'Reset', exact: true }).click();
  await page
    .getByRole('alertdialog')
    .getByText('“Reset” discards the 24 steps made so far of every lane. They are not kept.')
    .waitFor();
  await page.close();
});

it('a file of one’s own is kept up to date while it trains, stays whole, and is a record', async () => {
  const { page, complaints } = await newPage(lab.browser);
  // The picker is the reader’s; what it gives is a file as any other.
  await page.addInitScript(() => {
    Object.assign(globalThis, {
      showSaveFilePicker: async () => {
        const root = await navigator.storage.getDirectory();
        return root.getFileHandle('mine.jsonl', { create: true });
      },
    });
  });
  const content = (): Promise<string> =>
    page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      return (await (await root.getFileHandle('mine.jsonl')).getFile()).text();
    });
  await page.goto(address({ steps: '200' }));
  await reaches(page, 'Ready to train');
  await train(page);
  await waitForStep(page, 2);
  await page.locator('summary', { hasText: 'Export' }).click();
  await page.getByRole('button', { name: 'Keep in a file of yours …' }).click();
  await expect.poll(content, { timeout: waitMs }).toContain('"type":"step"');
  expect(readRecord(await content()).runs).toHaveLength(2);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  await expect
    .poll(async () => readRecord(await content()).runs.map(({ rows }) => rows.at(-1)?.step), {
      timeout: waitMs,
    })
    .toEqual([made, made]);
  expect(readRecord(await content()).runs.map(({ rows }) => rows)).toEqual((await exportMetrics(page)).lanes);

  // Other lanes don’t take its place.
  const before = await content();
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('duel');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Open it' }).click();
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await waitForStep(page, 1);
  expect(await content()).toBe(before);
  expect(complaints).toEqual([]);
  await page.close();
});
