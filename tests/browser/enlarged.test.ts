import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { newPage, openedLab, query, reaches, waitForStep } from './lab.ts';

const lab = openedLab();

it('a chart as large as the window: an axis and values of its own, lanes left out, seeds as one, what differs', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await standInForTrainer(page);
  const lanes = { lanes: '3', '3.algorithm': 'srt', '3.seed': '9', steps: '2000' };
  await page.goto(`${lab.host.address}${query(lanes)}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1000);
  const opener = page.getByRole('button', { name: 'Entropy: enlarge' });
  await opener.click();
  const dialog = page.getByRole('dialog', { name: 'Entropy, enlarged' });
  const curves = dialog.locator('.curves path');
  await expect.poll(() => curves.count()).toBeGreaterThan(0);
  const lines = await curves.count();
  const ticks = (axis: 'x' | 'y') =>
    dialog.locator(`.recharts-${axis}Axis-tick-labels text`).allTextContents();
  const steps = await ticks('x');
  await dialog.getByLabel('along').selectOption('completion tokens');
  await expect.poll(() => ticks('x')).not.toEqual(steps);
  await dialog.getByRole('textbox', { name: 'from' }).fill('0.25');
  await dialog.getByRole('textbox', { name: 'to', exact: true }).fill('0.5');
  await expect.poll(async () => (await ticks('y')).at(-1)).toBe('.5');
  await dialog.getByRole('checkbox', { name: 'M-GRPO + IQR', exact: true }).uncheck();
  await expect.poll(() => curves.count()).toBe((lines / 3) * 2);
  // SRT with two seeds: of each line the range, and the mean as measured and smoothed.
  await dialog.getByLabel('seeds as one').check();
  await expect.poll(() => curves.count()).toBe(2 + 2 * 2);
  await dialog.getByRole('row', { name: /^Seed/ }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => opener.evaluate((button) => button === document.activeElement)).toBe(true);
  expect(complaints).toEqual([]);
  await page.close();
});
