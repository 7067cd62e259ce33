import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { metricIds, metrics } from '../../src/spec/metrics.ts';
import { newPage, openedLab, query, reaches, tiny } from './lab.ts';

const lab = openedLab();

it('hide truth hides it in Watch’s cards, its columns and what is saved', async () => {
  const { page } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}#watch`);
  await page.getByRole('button', { name: 'Try an example' }).click();
  const card = page.getByRole('article').filter({ hasText: 'collapsed at' });
  await card.waitFor();
  const labels = metricIds.filter((id) => metrics[id].needsTruth).map((id) => metrics[id].label);
  const told = async () => {
    const rows = await page.getByRole('rowheader').allTextContents();
    return rows.filter((row) => labels.some((label) => row.startsWith(label)));
  };
  expect(await told()).not.toEqual([]);
  await page.getByRole('checkbox', { name: 'hide truth' }).check();
  await card.waitFor({ state: 'detached' });
  const cards = page.getByRole('article');
  expect(await cards.getByText(/^(best|now|retention)/).count()).toBe(0);
  expect(await cards.textContent()).not.toMatch(/[Aa]ccuracy/);
  expect(await told()).toEqual([]);
  await page.getByLabel('Reward against truth: series, axis, table, files').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save data as CSV' }).click(),
  ]);
  expect(readFileSync(await file.path(), 'utf8').split('\r\n')[0]).toBe('lane,step,reward/mean');
  await page.close();
});

it('a menu closes on Escape and on a click elsewhere, gives the focus back, and Escape renames nothing', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query(tiny)}`);
  await reaches(page, 'Ready to train');
  const menu = page.locator('.lane-menu').first();
  const opener = menu.locator('summary');
  const isOpen = () => menu.evaluate((each) => each.hasAttribute('open'));
  const hasFocus = () => opener.evaluate((each) => each === document.activeElement);
  await opener.click();
  expect(await isOpen()).toBe(true);
  await page.keyboard.press('Escape');
  expect(await isOpen()).toBe(false);
  expect(await hasFocus()).toBe(true);
  await opener.click();
  await page.getByRole('heading', { name: 'M-GRPO Lab' }).click();
  expect(await isOpen()).toBe(false);
  // Another menu closes the first one, and what is chosen closes its own.
  await opener.click();
  await page.locator('#chart-vote .menu summary').click();
  expect(await isOpen()).toBe(false);
  await opener.click();
  const names = page.getByRole('region', { name: 'Lanes' }).locator('strong');
  for (const [key, name] of [
    ['Escape', 'SRT'],
    ['Enter', 'mine'],
  ] as const) {
    if (!(await isOpen())) await opener.click();
    await menu.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'New name' }).fill('mine');
    await page.keyboard.press(key);
    await expect.poll(() => names.first().textContent()).toBe(name);
  }
  expect(complaints).toEqual([]);
  await page.close();
});
