import type { BrowserContext, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { waitMs } from '../patience.ts';
import { openedLab, query, reaches, stepsMade, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

const settings = { ...tiny, promptsPerStep: '2', steps: '24' };
const goTo = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();

/** In the page: folders of runs. */
async function folders(): Promise<number> {
  const root = await navigator.storage.getDirectory();
  const kept = await root.getDirectoryHandle('runs');
  let count = 0;
  for await (const _ of kept.keys()) count++;
  return count;
}

/** A tab of a visitor who was here before, beside others. */
async function tab(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
  });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

it('a run that was left for a preset is listed, opened again where it was, and deleted, which can be undone', async () => {
  const context = await lab.browser.newContext();
  const { page, complaints } = await tab(context);
  await page.goto(`${lab.host.address}${query(settings)}`);
  await reaches(page, 'Ready to train');
  for (const step of [1, 2]) {
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await waitForStep(page, step);
    await reaches(page, 'Paused');
  }
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('duel');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Open it' }).click();
  await reaches(page, 'Ready to train');

  await goTo(page, 'Runs');
  const item = page.getByRole('list', { name: 'Kept runs' }).locator('> li');
  await item.getByText('2 steps').first().waitFor();
  expect(await item.count()).toBe(1);
  await item
    .getByRole('img', { name: /^Held-out accuracy/ })
    .first()
    .waitFor();
  await page.getByText(/^The lab uses .+ of storage, .+ are left/).waitFor();
  await item.getByRole('button', { name: /^Open Entropy of/ }).click();
  await reaches(page, 'Paused');
  await expect.poll(() => new URL(page.url()).hash).toBe('#lab');
  expect(await stepsMade(page)).toBe(2);
  await page.getByText(/^Your run of /).waitFor();

  // The one that is open says so, and can't be deleted.
  await goTo(page, 'Runs');
  await item.getByText('open in the lab').waitFor();
  expect(await item.getByRole('button').count()).toBe(0);

  // Another tab is told that it can't have it.
  const { page: other, complaints: others } = await tab(context);
  await other.goto(`${lab.host.address}${query({ ...settings, seed: '8' })}#runs`);
  await other.getByRole('button', { name: /^Open Entropy of/ }).click();
  await other.getByText('Another tab has this run. Close that tab first.').waitFor();
  expect(new URL(other.url()).hash).toBe('#runs');
  await page.close();

  await other.getByRole('button', { name: /^Delete Entropy of/ }).click();
  await other.getByRole('button', { name: /^Undo/ }).click();
  expect(await other.evaluate(folders)).toBe(2);
  await other.getByRole('button', { name: /^Delete Entropy of/ }).click();
  await other.getByText(/^Entropy of .+ was deleted/).waitFor();
  await goTo(other, 'Lab');
  await expect.poll(() => other.evaluate(folders), { timeout: waitMs }).toBe(0);
  await goTo(other, 'Runs');
  await other.getByText(/^Nothing is kept yet/).waitFor();
  expect([...complaints, ...others]).toEqual([]);
  await context.close();
});
