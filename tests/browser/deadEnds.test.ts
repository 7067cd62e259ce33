import { type Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  eventually,
  exported,
  exportMetrics,
  holdModel,
  newPage,
  query,
  reaches,
  openedLab,
  stepsMade,
  tiny,
  waitForStep,
} from './lab.ts';

const lab = openedLab();

/** As in a browser that has no file system for pages: nothing is kept. */
async function keepsNothing(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.deleteProperty(StorageManager.prototype, 'getDirectory');
  });
}

/** A page whose run is under way. */
async function training(
  settings: Readonly<Record<string, string>> = {},
  prepare: (page: Page) => Promise<void> = () => Promise.resolve(),
): Promise<Page> {
  const { page } = await newPage(lab.browser);
  await prepare(page);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000', ...settings })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 2);
  return page;
}

describe('a part of the page that can’t be fetched', () => {
  it('is said in its place and comes when it is tried again; the run goes on', async () => {
    const page = await training();
    await page.route(/assets\/(Guide|Watch)-/, (route) => route.abort());
    await page.getByRole('link', { name: 'Guide' }).click();
    const missing = page.getByRole('alert').filter({ hasText: 'Guide could not be loaded.' });
    await missing.waitFor();
    // The server gives the page that is open: nothing is new but the connection.
    expect(await missing.textContent()).toContain('server was not reached');
    const made = await stepsMade(page);
    await waitForStep(page, made + 2);
    await page.getByRole('link', { name: 'Watch' }).click();
    await page.getByRole('alert').filter({ hasText: 'Watch could not be loaded.' }).waitFor();
    await page.unroute(/assets\/(Guide|Watch)-/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Watch your own run' }).waitFor();
    await page.getByRole('link', { name: 'Guide' }).click();
    await page.getByRole('heading', { name: 'Try this' }).waitFor();
    const style = () =>
      page
        .locator('.guide')
        .evaluate((guide) => getComputedStyle(guide).gridTemplateColumns.split(' ').length);
    await expect.poll(style, { message: 'columns, as the Guide’s own style has it' }).toBeGreaterThan(1);
    await page.close();
  });

  it('says that a new version was published, and offers to reload when nothing would be lost', async () => {
    const page = await training({}, keepsNothing);
    await page.route(/assets\/Guide-/, (route) => route.fulfill({ status: 404 }));
    const { pathname } = new URL(page.url());
    await page.route(
      (url) => url.pathname === pathname,
      (route) => route.fulfill({ body: '<script type="module" src="./assets/index-new.js"></script>' }),
    );
    await page.getByRole('link', { name: 'Guide' }).click();
    const missing = page.getByRole('alert').filter({ hasText: 'A new version of the lab was published' });
    await missing.getByRole('button', { name: 'Export the run' }).waitFor();
    expect(await missing.getByRole('button', { name: 'Reload' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Pause' }).click();
    await reaches(page, 'Paused');
    await exportMetrics(page);
    await missing.getByRole('button', { name: 'Try again' }).click();
    await missing.getByRole('button', { name: 'Reload' }).waitFor();
    await page.close();
  });
});

it('what can’t be fetched for a file is said on any page, and the file comes when it is tried again', async () => {
  const page = await training();
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await page.route(/assets\/page-/, (route) => route.abort());
  for (const open of ['Lab', 'Guide']) {
    await page.getByRole('link', { name: open, exact: true }).click();
    await page.locator('summary', { hasText: 'Export' }).click();
    await page.getByRole('button', { name: 'Run as a page' }).click();
    const notice = page.getByRole('alert').filter({ hasText: 'could not be loaded' });
    await notice.waitFor();
    await notice.getByRole('button', { name: 'Dismiss' }).click();
  }
  await page.unroute(/assets\/page-/);
  const file = await exported(page, 'Run as a page');
  expect(file.suggestedFilename()).toBe('m-grpo-lab-entropy.html');
  await page.close();
});

it('Train says why it is grey', async () => {
  const { page } = await newPage(lab.browser);
  const decide = await holdModel(page);
  await page.goto(lab.host.address);
  const button = page.getByRole('button', { name: 'Train', exact: true });
  await expect.poll(() => button.getAttribute('title')).toBe('The GPU is being checked');
  decide('fails');
  await reaches(page, 'Not started');
  expect(await button.isDisabled()).toBe(true);
  expect(await button.getAttribute('title')).toBe('See the message on the page');
  await page.close();
});

describe('a question', () => {
  it('is not answered by the key that asked it; what is kept goes on, and Escape keeps', async () => {
    const page = await training();
    const group = page.getByRole('textbox', { name: 'Group size G' });
    const question = page.getByRole('alertdialog', { name: 'Group size G 8 → 16' });
    for (const keeps of ['Enter', 'Escape']) {
      await group.fill('16');
      await group.press('Enter');
      await question.waitFor();
      await reaches(page, 'Paused');
      await page.keyboard.press(keeps);
      await question.waitFor({ state: 'detached' });
      await reaches(page, 'Training');
      await expect.poll(() => group.inputValue()).toBe('8');
      const made = await stepsMade(page);
      await waitForStep(page, made + 1);
    }
    await page.close();
  });

  it('comes before the Guide opens something in the place of a run, or beside it', async () => {
    const page = await training();
    await page.getByRole('link', { name: 'Guide' }).click();
    const link = page.getByRole('article').first().getByRole('link', { name: 'Open in the lab' });
    const question = page.getByRole('alertdialog');
    await link.click();
    await question.getByRole('button', { name: 'Keep this run' }).click();
    await question.waitFor({ state: 'detached' });
    expect(await link.evaluate((each) => each === document.activeElement)).toBe(true);
    await link.click();
    await question.getByRole('button', { name: 'Open beside it' }).click();
    await page.getByRole('region', { name: 'Timeline' }).waitFor();
    const lanes = page.getByRole('region', { name: 'Lanes' }).locator('strong');
    expect((await lanes.allTextContents()).slice(0, 2)).toEqual(['SRT', 'M-GRPO + IQR']);
    expect(await lanes.count()).toBe(4);
    const { lanes: runs } = await exportMetrics(page);
    expect(runs[0]?.length).toBeGreaterThan(2);
    await page.close();
  });
});

it('Back leads through the pages that were looked at, whatever was set on them meanwhile', async () => {
  const { page } = await newPage(lab.browser);
  await page.goto('about:blank');
  // An address with a default in it: the page keeps its own, without it.
  await page.goto(`${lab.host.address}${query({ ...tiny, temperature: '1.1' })}`);
  await reaches(page, 'Ready to train');
  const shows = (name: string) =>
    eventually(async () => {
      expect(await page.locator('nav [aria-current=page]').first().textContent()).toBe(name);
    });
  const preset = page.getByRole('combobox', { name: 'Preset' });
  await page.getByRole('link', { name: 'Guide' }).click();
  await shows('Guide');
  await preset.selectOption('duel');
  await page.getByRole('link', { name: 'Collapse', exact: false }).first().click();
  await page.getByRole('link', { name: 'Watch' }).click();
  await shows('Watch');
  await preset.selectOption('learn');
  await page.goBack();
  await shows('Guide');
  await page.goBack();
  await shows('Guide');
  await page.goBack();
  await shows('Lab');
  // The settings are those of now, on every page; the address says so, too.
  expect(await preset.inputValue()).toBe('learn');
  expect(new URL(page.url()).searchParams.get('preset')).toBe('learn');
  await page.goForward();
  await shows('Guide');
  await page.goBack();
  await shows('Lab');
  await page.goBack();
  expect(page.url()).toBe('about:blank');
  // From a deep link, too.
  await page.goto(`${lab.host.address}${query(tiny)}#guide/vote`);
  await shows('Guide');
  await page.getByRole('link', { name: 'Lab', exact: true }).click();
  await shows('Lab');
  await page.goBack();
  await shows('Guide');
  await page.close();
});

it('leaving the page asks while steps are neither kept nor in a file', async () => {
  const page = await training({}, keepsNothing);
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss();
  });
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await page.evaluate(() => {
    location.reload();
  });
  await expect.poll(() => asked).toEqual(['beforeunload']);
  expect(await stepsMade(page)).toBeGreaterThan(1);
  await exportMetrics(page);
  await page.reload();
  await reaches(page, 'Ready to train');
  expect(asked).toHaveLength(1);
  await page.close();
});

it('steps below those made end the run in true words, and it goes on from there', async () => {
  const page = await training({ steps: '50' });
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const made = await stepsMade(page);
  await page.getByRole('textbox', { name: 'Steps', exact: true }).fill('1');
  await page.keyboard.press('Enter');
  await reaches(page, 'Finished');
  await page.getByText(`finished · step ${made}, Steps is 1 · Go on: to ${made + 50}`).waitFor();
  await page.getByRole('button', { name: 'Go on' }).click();
  await waitForStep(page, made + 2);
  expect(await page.getByRole('textbox', { name: 'Steps', exact: true }).inputValue()).toBe(
    String(made + 50),
  );
  await page.close();
});
