import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { standInForTrainer } from '../../scripts/standIn.mjs';
import { launch, newPage, patience, query, reaches, serveBuilt, waitForStep, type Host } from './lab.ts';

const steps = 10_000;

let browser: Browser;
let host: Host;
beforeAll(async () => {
  [browser, host] = await Promise.all([launch(), serveBuilt()]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
});

/** A page of this width whose four lanes have made 10,000 steps, by the trainer's stand-in. */
async function longRun(width: number, height: number): Promise<Page> {
  const { page, complaints } = await newPage(browser);
  await page.setViewportSize({ width, height });
  await standInForTrainer(page);
  await page.goto(`${host.address}${query({ lanes: '4', steps: String(2 * steps) })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, steps);
  expect(complaints).toEqual([]);
  return page;
}

/** Points drawn per curve of a chart; none before it is mounted, 0 each before its first rows. */
function points(page: Page, title: string): Promise<number[]> {
  const curves = page.getByRole('figure', { name: title }).locator('.curves path');
  return curves.evaluateAll((paths) =>
    paths.map((path) => (path.getAttribute('d') ?? '').split(/[ML]/).length - 1),
  );
}

it('10,000 steps in four lanes are drawn with a few hundred points a line', async () => {
  const page = await longRun(1440, 900);
  await expect.poll(async () => Math.min(...(await points(page, 'Entropy'))), patience).toBeGreaterThan(200);
  const drawn = await points(page, 'Entropy');
  // Per lane a band, which goes there and back, and two lines.
  expect(drawn).toHaveLength(12);
  drawn.forEach((count, curve) => {
    expect(count).toBeLessThanOrEqual((curve < 4 ? 2 : 1) * 640);
  });
  await page.close();
});

it('a chart out of sight waits until it is scrolled to', async () => {
  const page = await longRun(390, 844);
  await expect.poll(() => points(page, 'Entropy'), patience).toHaveLength(12);
  expect(await points(page, 'Update')).toEqual([]);
  await page.getByRole('figure', { name: 'Update' }).scrollIntoViewIfNeeded();
  await expect.poll(() => points(page, 'Update'), patience).toHaveLength(8);
  await page.close();
});
