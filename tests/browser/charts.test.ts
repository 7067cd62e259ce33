import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { eventually, newPage, query, reaches, openedLab, waitForStep } from './lab.ts';

const steps = 10_000;

const lab = openedLab();

/** A page whose lanes have made so many steps, by the trainer's stand-in. */
async function madeUp(lanes: number, made: number, viewport = { width: 1440, height: 900 }): Promise<Page> {
  const { page, complaints } = await newPage(lab.browser);
  await page.setViewportSize(viewport);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ lanes: String(lanes), steps: String(2 * made) })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, made);
  expect(complaints).toEqual([]);
  return page;
}

/** A page of this width whose four lanes have made 10,000 steps. */
function longRun(width: number, height: number): Promise<Page> {
  return madeUp(4, steps, { width, height });
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
  // Per lane a band, which goes there and back, and two lines, each as measured and smoothed.
  await expect.poll(() => points(page, 'Entropy')).toHaveLength(20);
  await expect.poll(async () => Math.min(...(await points(page, 'Entropy')))).toBeGreaterThan(200);
  const drawn = await points(page, 'Entropy');
  drawn.forEach((count, curve) => {
    expect(count).toBeLessThanOrEqual((curve < 4 ? 2 : 1) * 640);
  });
  await page.close();
});

it('a metric of every tenth step is smoothed over steps, not over so many of its values', async () => {
  const page = await madeUp(1, 200);
  const chart = page.getByRole('figure', { name: 'Held-out accuracy' });
  const curves = (): Promise<string[]> =>
    chart.locator('.curves path').evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? ''));
  // Two metrics, as measured and smoothed.
  await expect.poll(async () => (await curves()).length).toBe(4);
  await page.getByRole('combobox', { name: 'smoothing' }).selectOption('10 steps');
  const [measured = [], , smoothed = []] = (await curves()).map((path) =>
    path.split(/[ML]/).flatMap((point) => Number(point.split(' ')[1] ?? [])),
  );
  expect(measured.length).toBeGreaterThanOrEqual(20);
  expect(smoothed).toHaveLength(measured.length);
  // Ten steps on, what was before has 1/e of its weight: so much of the way from the new value the curve stays behind.
  for (let at = 5; at < measured.length; at++) {
    const [value = NaN, before = NaN, now = NaN] = [measured[at], smoothed[at - 1], smoothed[at]];
    expect(Math.abs(now - value - Math.exp(-1) * (before - value))).toBeLessThan(0.5);
  }
  await page.close();
});

it('a chart out of sight waits until it is scrolled to', async () => {
  const page = await longRun(390, 844);
  // Reward and truth, large; of the others one at a time, like tabs.
  const title = 'Reward against truth';
  await page.getByRole('figure', { name: title }).scrollIntoViewIfNeeded();
  await expect.poll(() => points(page, title)).toHaveLength(20);
  expect(await points(page, 'Update')).toEqual([]);
  await page.getByRole('radio', { name: 'Update' }).check();
  const hidden = page.getByRole('figure', { name: 'Entropy', exact: true });
  await expect.poll(() => hidden.isVisible()).toBe(false);
  await page.getByRole('figure', { name: 'Update' }).scrollIntoViewIfNeeded();
  await expect.poll(() => points(page, 'Update')).toHaveLength(16);
  await page.close();
});

it('a stretch of steps dragged over is shown by every chart, with what was thinned before', async () => {
  const page = await longRun(1440, 900);
  await expect.poll(() => points(page, 'Entropy')).toHaveLength(20);
  const plot = page.getByRole('slider', { name: 'Entropy: step under the cursor' });
  const box = await plot.boundingBox();
  if (box === null) throw new Error('no plot');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + 80, y);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, y, { steps: 3 });
  await page.mouse.up();
  // A stretch so short has room for every step: the axis has ticks of its own, in all charts.
  const ticks = (title: string) =>
    page
      .getByRole('figure', { name: title, exact: true })
      .locator('.recharts-xAxis-tick-labels text')
      .allTextContents();
  await expect.poll(async () => Number((await ticks('Entropy'))[0])).toBeGreaterThan(0);
  await eventually(async () => {
    expect(await ticks('Vote')).toEqual(await ticks('Entropy'));
  });
  await plot.focus();
  await page.keyboard.press('Escape');
  await expect.poll(async () => (await ticks('Vote'))[0]).toBe('0');
  // By keys, too: closer around the cursor.
  await plot.focus();
  await page.keyboard.press('+');
  // Where the newest step is meanwhile is the trainer's business: 10k is such a tick, too.
  await expect.poll(async () => (await ticks('Vote'))[0]).toMatch(/^[1-9]/);
  await page
    .getByRole('figure', { name: 'Vote', exact: true })
    .getByRole('button', { name: 'all steps' })
    .click();
  await expect.poll(async () => (await ticks('Entropy'))[0]).toBe('0');
  await page.close();
});

it('a chart is read as a table, in the place of the curves, and its data saved whole', async () => {
  const page = await longRun(1440, 900);
  await expect.poll(() => points(page, 'Vote')).not.toHaveLength(0);
  const chart = page.getByRole('figure', { name: 'Vote', exact: true });
  const before = await chart.boundingBox();
  await chart.getByText('⋯').click();
  await chart.getByRole('button', { name: 'Show as a table' }).click();
  const rows = chart.getByRole('table', { name: 'Vote' }).getByRole('row');
  await expect.poll(() => rows.count()).toBeGreaterThan(20);
  expect(await rows.count()).toBeLessThan(52);
  // The step, and per metric a head over those of its lanes; heads and steps stay where they are, figures are scrolled.
  expect(await chart.getByRole('columnheader').count()).toBe(1 + 2 + 2 * 4);
  expect(await chart.boundingBox()).toEqual(before);
  const box = chart.getByRole('group', { name: 'Vote as a table' });
  const corner = chart.getByRole('columnheader', { name: 'step' });
  const at = await corner.boundingBox();
  await box.evaluate((each) => {
    each.scrollTo(120, 200);
  });
  expect(await box.evaluate(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop])).toEqual([120, 200]);
  expect(await corner.boundingBox()).toEqual(at);
  const cells = await rows.locator('td:nth-of-type(1)').allTextContents();
  expect(new Set(cells.map((cell) => cell.split('.')[1]?.length))).toEqual(new Set([2]));

  await chart.getByText('⋯').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    chart.getByRole('button', { name: 'Save data as CSV' }).click(),
  ]);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(lines[0]?.split(',').slice(0, 3)).toEqual(['lane', 'step', 'vote/answer_overlap']);
  expect(lines.length).toBeGreaterThan(4 * steps);

  // As a picture that any program opens, with all that is needed to read it.
  await chart.getByText('⋯').click();
  const [picture] = await Promise.all([
    page.waitForEvent('download'),
    chart.getByRole('button', { name: 'Save as SVG' }).click(),
  ]);
  expect(picture.suggestedFilename()).toBe('vote.svg');
  const svg = readFileSync(await picture.path(), 'utf8');
  // The page itself parses no text.
  const reader = await lab.browser.newPage();
  const read = await reader.evaluate((text) => {
    const { documentElement } = new DOMParser().parseFromString(text, 'image/svg+xml');
    const words = [...documentElement.querySelectorAll('text')].map(({ textContent }) => textContent);
    return {
      name: documentElement.nodeName,
      words,
      curves: documentElement.querySelectorAll('g g path').length,
    };
  }, svg);
  expect(read.name).toBe('svg');
  expect(read.words[0]).toMatch(/^Vote/);
  expect(read.curves).toBeGreaterThanOrEqual(4);
  await reader.close();
  await page.close();
});
