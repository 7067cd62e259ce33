import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import type { Locator, Page } from 'playwright-core';
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

/** Drags over a plot, between two points of it in shares of its width and height. */
async function drag(
  page: Page,
  plot: Locator,
  from: readonly [number, number],
  to: readonly [number, number],
) {
  const box = await plot.boundingBox();
  if (box === null) throw new Error('no plot');
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
}

it('a drag zooms along either axis, and every axis has the cursor and what happened', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ steps: '2000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1000);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Held-out accuracy: enlarge' }).click();
  const dialog = page.getByRole('dialog', { name: 'Held-out accuracy, enlarged' });
  await dialog.locator('.curves path').first().waitFor();
  const ticks = (axis: 'x' | 'y') =>
    dialog.locator(`.recharts-${axis}Axis-tick-labels text`).allTextContents();
  const [steps, values] = [await ticks('x'), await ticks('y')];
  const plot = dialog.getByRole('slider');
  // Up and down: the values alone, which the fields say.
  await drag(page, plot, [0.5, 0.2], [0.5, 0.6]);
  await expect.poll(() => ticks('y')).not.toEqual(values);
  expect(await ticks('x')).toEqual(steps);
  const [from, to] = await Promise.all(
    ['from', 'to'].map((name) => dialog.getByRole('textbox', { name, exact: true }).inputValue()),
  );
  expect(Number(from)).toBeGreaterThan(0.2);
  expect(Number(to)).toBeGreaterThan(Number(from));
  await dialog.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => ticks('y')).toEqual(values);

  await dialog.getByLabel('along').selectOption('learning rate × steps');
  const whole = await (async () => {
    await expect.poll(() => ticks('x')).not.toEqual(steps);
    return ticks('x');
  })();
  // Best and latest values lie where their steps do.
  const marked = dialog.locator('.overlay :is(.best, .latest) circle');
  await expect.poll(() => marked.count()).toBeGreaterThan(0);
  const places = await marked.evaluateAll((circles) =>
    circles.map((each) => Number(each.getAttribute('cx'))),
  );
  const { width } = (await plot.boundingBox()) ?? { width: NaN };
  for (const place of places) expect(place > 44 && place <= width - 13, String(place)).toBe(true);
  const read = () => dialog.locator('.legend').textContent();
  const newest = await read();
  await plot.focus();
  await page.keyboard.press('Home');
  await expect.poll(read).not.toBe(newest);
  expect(await plot.getAttribute('aria-valuetext')).toMatch(/^learning rate × steps 0/);
  for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowRight');
  const rate = Number(await plot.getAttribute('aria-valuenow'));
  expect(rate).toBeGreaterThan(0);
  await dialog.locator('.cursor-step').waitFor();
  await drag(page, plot, [0.2, 0.5], [0.4, 0.5]);
  await expect.poll(() => ticks('x')).not.toEqual(whole);
  await plot.dblclick();
  await expect.poll(() => ticks('x')).toEqual(whole);

  // It stays open on a phone, where the chart it came from may be behind a tab.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.keyboard.press('Home');
  expect(await dialog.isVisible()).toBe(true);
  expect(complaints).toEqual([]);
  await page.close();
});
