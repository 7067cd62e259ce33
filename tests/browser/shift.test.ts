import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { holdModel, newPage, openedLab, query, reaches, stepsMade, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

/** Notes every shift of the layout from now on, with what was moved. */
async function watchShifts(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(() => {
    const shifts: string[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
      })[]) {
        // What a key or a click does is no surprise.
        if (entry.hadRecentInput) continue;
        for (const { node, previousRect: was, currentRect: is } of entry.sources) {
          // Figures aligned to the right begin elsewhere when they get longer; what holds them stays.
          if (Math.abs(was.x - is.x) < 1 && Math.abs(was.y - is.y) < 1) continue;
          const element = node instanceof Element ? node : node?.parentElement;
          const name = `${element?.tagName ?? '?'}.${element?.getAttribute('class') ?? ''}`;
          shifts.push(`${entry.value.toFixed(4)} ${name} ${was.x},${was.y} → ${is.x},${is.y}`);
        }
      }
    }).observe({ type: 'layout-shift' });
    Object.assign(window, { shifts });
  });
  return () => page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
}

it.each([
  ['a desk', 1440, 900],
  ['a phone', 390, 844],
])('on %s nothing moves from the first step until the run is paused', async (_, width, height) => {
  const { page } = await newPage(lab.browser);
  await page.setViewportSize({ width, height });
  // A rate that sets off alarms: cards, marks and menus come and go.
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000', learningRate: '0.003' })}`);
  await reaches(page, 'Ready to train');
  const shifts = await watchShifts(page);
  // Pressed by a script: what moves within half a second of a reader's own key is forgiven.
  await page.getByRole('button', { name: 'Train' }).evaluate((button: HTMLElement) => {
    button.click();
  });
  await waitForStep(page, 40);
  expect(await shifts()).toEqual([]);
  await page.close();
});

it.each([
  ['a desk', 1440, 900],
  ['a phone', 390, 844],
])(
  'on %s a recorded run is shown until lanes can train, is marked as one, and gives way without a shift',
  async (_, width, height) => {
    const { page } = await newPage(lab.browser);
    await page.setViewportSize({ width, height });
    // Held back as a slow connection would: the kernels wait for the model.
    const decide = await holdModel(page);
    await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
    const cards = page.getByRole('region', { name: 'Lanes' });
    await cards.getByText('collapsed at 110').waitFor({ state: 'attached' });
    const waiting = page.getByText('Until then: an earlier run of this preset, not yours.');
    await waiting.waitFor();
    await page.getByText('SRT collapses').first().waitFor();
    await expect.poll(() => page.locator('#chart-reward .live-chart').count()).toBe(1);
    // What belongs to the lanes that will train is theirs: nothing can be trained yet, no step is made.
    expect(await page.getByRole('button', { name: 'Train', exact: true }).isDisabled()).toBe(true);
    expect(await stepsMade(page)).toBe(0);
    expect(await page.getByRole('status').filter({ hasText: 'collapsed' }).count()).toBe(0);
    expect(await page.locator('main').getAttribute('data-recorded')).toBe('true');
    await page.getByRole('slider', { name: 'Step shown' }).fill('300');
    await page.getByText('step 300 · prompt 1 of 8').waitFor();
    const shifts = await watchShifts(page);
    decide('comes');
    await reaches(page, 'Ready to train');
    await cards.getByText('collapsed at 110').waitFor({ state: 'detached' });
    expect(await waiting.count()).toBe(0);
    expect(await page.locator('main').getAttribute('data-recorded')).toBe('false');
    await expect.poll(() => page.getByRole('slider', { name: 'Step shown' }).inputValue()).toBe('0');
    expect(await shifts()).toEqual([]);
    await page.close();
  },
);
