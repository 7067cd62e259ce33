import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
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
  await item
    .getByTitle(/^[\d.]+ [kM]B: its record, \d+ checkpoints, the rollouts of every step$/)
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
  expect(await item.getByRole('button', { name: /^(Open|Delete)/ }).count()).toBe(0);

  // Another tab is told that it can't have it.
  const { page: other, complaints: others } = await tab(context);
  await other.goto(`${lab.host.address}${query({ ...settings, seed: '8' })}#runs`);
  await other.getByRole('button', { name: /^Open Entropy of/ }).click();
  await other.getByText('Another tab has this run.').waitFor();
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

it('a kept run has a name and notes, leaves as a file, comes back from one, is compared, and forked from a checkpoint', async () => {
  const context = await lab.browser.newContext();
  const { page, complaints } = await tab(context);
  await page.goto(`${lab.host.address}${query({ ...settings, steps: '6', checkpointEvery: '2' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await reaches(page, 'Finished');
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('duel');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Open it' }).click();
  await reaches(page, 'Ready to train');

  // What its reader calls it stays, and is never markup.
  await goTo(page, 'Runs');
  const item = page.getByRole('list', { name: 'Kept runs' }).locator('> li');
  await item.getByRole('button', { name: /^Name and notes of Entropy of/ }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('First <b>try</b>');
  await page.getByRole('textbox', { name: 'Notes' }).fill('Seed 7.\nToo short.');
  await page.getByRole('button', { name: 'Save' }).click();
  await item.getByRole('heading', { name: 'First <b>try</b>' }).waitFor();
  await page.reload();
  await item.getByRole('heading', { name: 'First <b>try</b>' }).waitFor();
  await item.getByText('Seed 7.\nToo short.').waitFor();

  const exportAs = async (format: string): Promise<string> => {
    await item.getByLabel(/^Export First/).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      item.getByRole('button', { name: format }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^First-b-try-b-\.(jsonl|csv|html)$/);
    return readFileSync(await download.path(), 'utf8');
  };
  const record = await exportAs('Record as JSON lines');
  const { runs } = readRecord(record);
  expect(runs.map(({ name, rows }) => [name, rows.at(-1)?.step])).toEqual([
    ['SRT', 6],
    ['M-GRPO + IQR', 6],
  ]);
  expect(await exportAs('Metrics as CSV')).toMatch(/^run,step,/);
  expect(await exportAs('Run as a page')).toContain('<svg');

  // Back from the file, by the picker and by drop; what is no record is refused, and the other is kept.
  await page.getByLabel('Records of runs').setInputFiles([
    { name: 'no record.jsonl', mimeType: 'text/plain', buffer: Buffer.from('{"loss": 1}\n') },
    { name: 'my run.jsonl', mimeType: 'text/plain', buffer: Buffer.from(record) },
  ]);
  await page.getByText(/no record\.jsonl was not imported\. .+ my run\.jsonl was imported\./).waitFor();
  expect(await item.count()).toBe(2);
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'dropped.jsonl'));
    return transfer;
  }, record);
  await page.locator('main.runs').dispatchEvent('drop', { dataTransfer: dropped });
  await item.getByRole('heading', { name: 'dropped' }).waitFor();
  expect(await item.filter({ hasText: 'imported' }).getByRole('button', { name: /^Open/ }).count()).toBe(0);

  // Side by side: another lane of each, and what they differ in.
  await item.getByRole('checkbox', { name: /^Compare SRT of First/ }).check();
  await item.getByRole('checkbox', { name: /^Compare M-GRPO \+ IQR of my run/ }).check();
  await page.getByRole('button', { name: 'Compare 2 runs' }).click();
  await page.getByRole('heading', { name: '2 kept runs' }).waitFor();
  const differences = page.getByRole('table', { name: 'Settings that differ' });
  expect(await differences.getByRole('rowheader').allInnerTexts()).toContain('Algorithm');
  expect(await differences.getByRole('rowheader').allInnerTexts()).not.toContain('Seed');
  await page.getByRole('figure', { name: 'Entropy' }).locator('svg path').first().waitFor();
  await page.getByRole('button', { name: 'Back to the list' }).click();

  // A fork of one lane from the checkpoint that was chosen, beside what was opened.
  await item.getByLabel(/^Fork SRT of First .+ from a checkpoint/).selectOption('step 4');
  await reaches(page, 'Paused');
  const marks = page.locator('svg title').filter({ hasText: 'step 4: SRT (2) forked from SRT' });
  await marks.first().waitFor({ state: 'attached' });
  const lanes = page.getByRole('radiogroup', { name: 'Lane shown in controls and rollouts' });
  expect(await lanes.getByRole('radio').count()).toBe(3);
  expect(complaints).toEqual([]);
  await context.close();
});
