import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import {
  eventually,
  exportMetrics,
  keptUpTo,
  newPage,
  query,
  reaches,
  stepsMade,
  tiny,
  waitForStep,
} from './lab.ts';

/** What a chart shows: the figures of its legend and the shapes of its curves. */
async function drawn(page: Page, title: string): Promise<{ figures: string[]; curves: string[] }> {
  const chart = page.getByRole('figure', { name: title });
  const figures = await chart.getByRole('definition').allTextContents();
  const curves = await chart
    .locator('path')
    .evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? '').filter((d) => d.length > 20));
  return { figures, curves };
}

/**
 * The lab's main job as a user does it: open a link, train two lanes, watch the charts move, change the learning
 * rate, pause, resume, reload.
 */
export async function mainJob(browser: Browser, address: string): Promise<void> {
  const { page, complaints } = await newPage(browser);
  const settings = { ...tiny, steps: '100000', learningRate: '0.0009' };
  await page.goto(`${address}${query(settings)}`);
  await reaches(page, 'Ready to train');
  for (const lane of [/^SRT/, /^M-GRPO \+ IQR/])
    expect(await page.getByRole('radio', { name: lane }).count()).toBe(1);

  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 3);
  const titles = ['Entropy', 'Reward against truth', 'Held-out accuracy', 'Update'];
  const before = await Promise.all(titles.map((title) => drawn(page, title)));
  await waitForStep(page, 12);
  for (const [i, title] of titles.entries()) {
    await eventually(async () => {
      const { figures, curves } = await drawn(page, title);
      expect(figures.length, `legend of ${title}`).toBeGreaterThan(1);
      for (const figure of figures) expect(figure, `figures of ${title}`).toMatch(/\d/);
      expect(curves.length, `curves of ${title}`).toBeGreaterThan(1);
      expect(curves, `curves of ${title}`).not.toEqual(before[i]?.curves);
      if (i === 0) expect(figures).not.toEqual(before[i]?.figures);
    });
  }

  const rate = page.getByRole('textbox', { name: 'Learning rate' });
  await rate.fill('2e-4');
  await rate.press('Enter');
  const marks = page.locator('svg title').filter({ hasText: 'Learning rate 9e-4 → 2e-4' });
  await marks.first().waitFor({ state: 'attached' });
  const changedAt = Number(/^step (\d+):/.exec((await marks.first().textContent()) ?? '')?.[1]);
  await waitForStep(page, changedAt + 3);

  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const paused = await stepsMade(page);
  const { headers, lanes } = await exportMetrics(page);
  expect(headers.map(({ name }) => name)).toEqual(['SRT', 'M-GRPO + IQR']);
  expect(lanes).toHaveLength(2);
  for (const { rows, changes } of headers) {
    expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: paused + 1 }, (_, step) => step));
    // Lanes train in turn: where the change meets one of them a step ahead, each has it after its own.
    const own = changes.map(({ step }) => step);
    expect([[changedAt], [changedAt - 1], [changedAt + 1]]).toContainEqual(own);
    const rates = rows.slice(1).map((row) => row['optim/lr']);
    expect(rates).toEqual(rates.map((_, i) => (i < (own[0] ?? NaN) ? 9e-4 : 2e-4)));
  }

  // A run that went on would be further than one step.
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await waitForStep(page, paused + 1);
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBe(paused + 1);

  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, paused + 4);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');

  await expect
    .poll(() => Object.fromEntries(new URL(page.url()).searchParams))
    .toMatchObject({ learningRate: '0.0002', groupSize: '8' });
  const link = page.url();
  // A reload brings the run; a link, settings alone.
  await keptUpTo(page, paused + 4);
  await page.reload();
  await reaches(page, 'Paused');
  expect(await stepsMade(page)).toBeGreaterThanOrEqual(paused + 4);
  await page.goto(new URL('?seed=8', address).href);
  await page.goto(link);
  await reaches(page, 'Ready to train');
  await expect.poll(() => page.url()).toBe(link);
  expect(await stepsMade(page)).toBe(0);
  const shown = async (label: string) => page.getByRole('textbox', { name: label, exact: true }).inputValue();
  expect(await shown('Learning rate')).toBe('2e-4');
  expect(await shown('Prompts per step B')).toBe(settings.promptsPerStep);
  expect(await shown('Group size G')).toBe(settings.groupSize);
  expect(await shown('Seed')).toBe(settings.seed);
  expect(complaints).toEqual([]);
  await page.close();
}
