import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { pages } from '../../src/store/view.ts';
import { newPage, query, reaches, openedLab, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

/** What axe finds against WCAG 2.1 AA: rule, then the elements. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: run } = window as unknown as { axe: typeof import('axe-core') };
    const { violations: found } = await run.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    });
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary ?? ''}`),
    );
  });
}

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  it.each(pages)('page %s has no violation that axe finds', async (shown) => {
    const { page } = await newPage(lab.browser);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(`${lab.host.address}${query(tiny)}#${shown}`);
    if (shown === 'lab') {
      await reaches(page, 'Ready to train');
      await page.getByRole('button', { name: 'Train' }).click();
      await waitForStep(page, 6);
      await page.getByRole('button', { name: 'Pause' }).click();
      await reaches(page, 'Paused');
    } else {
      await page.locator('main:not([aria-busy])').waitFor();
    }
    expect(await violations(page)).toEqual([]);
    await page.close();
  });
});

it.each(['light', 'dark'] as const)('%s: nor has what opens above the lab', async (colorScheme) => {
  const { page } = await newPage(lab.browser, false);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  const found: Record<string, string[]> = {};
  const look = async (what: string): Promise<void> => {
    found[what] = await violations(page);
  };
  await look('the offer of a tour');
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await page.getByRole('dialog').waitFor();
  await look('the tour');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 4);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await page.getByLabel('hide truth').check();
  await look('truth hidden');
  const chart = page.getByRole('figure', { name: 'Vote', exact: true });
  await chart.getByText('⋯').click();
  await look('a menu of a chart');
  await chart.getByRole('button', { name: 'Show as a table' }).click();
  await chart.getByRole('table').waitFor();
  await look('a table');
  await page.locator('summary').filter({ hasText: 'What to do with SRT' }).click();
  await look('the menu of a lane');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Reset', exact: true }).click();
  await page.getByRole('alertdialog').waitFor();
  await look('a question');
  await page.getByRole('button', { name: 'Keep this run' }).click();
  await page.getByRole('radio', { name: /^All/ }).check();
  await page.getByRole('button', { name: /Own reward/ }).click();
  await page.getByRole('dialog').getByRole('textbox').waitFor();
  await look('the dialog of rewards');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Task and model').click();
  await page.getByRole('button', { name: /Own prompts/ }).click();
  await page.getByRole('dialog').getByRole('textbox').waitFor();
  await look('the dialog of prompts');
  expect(Object.values(found).flat()).toEqual([]);
  expect(Object.keys(found)).toHaveLength(9);
  await page.close();
});

/** A page whose run is paused after some steps; everything above the lab can be opened from it. */
async function paused(colorScheme: 'light' | 'dark'): Promise<Page> {
  const { page } = await newPage(lab.browser);
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 6);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  return page;
}

describe.each(['light', 'dark'] as const)('%s: nor has', (colorScheme) => {
  it('an enlarged chart', async () => {
    const page = await paused(colorScheme);
    await page.getByRole('button', { name: 'Vote: enlarge' }).click();
    const dialog = page.getByRole('dialog', { name: 'Vote, enlarged' });
    await dialog.locator('.curves path').first().waitFor();
    await dialog.getByLabel('along').selectOption('completion tokens');
    await dialog.getByRole('slider', { name: /completion tokens under the cursor/ }).press('ArrowLeft');
    await dialog.locator('.cursor-step').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  it('the presentation', async () => {
    const page = await paused(colorScheme);
    await page.getByRole('link', { name: 'Present' }).click();
    await page.getByRole('button', { name: 'Leave (Esc)' }).waitFor();
    await page.locator('.present .curves path').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('t');
    await page.getByRole('button', { name: 'Hide the truth (t)' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });

  it('the formula of a token', async () => {
    const page = await paused(colorScheme);
    await page.locator('.completions').getByRole('button', { name: 'policy' }).first().click();
    await page.getByRole('region', { name: 'One token in the loss' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.close();
  });
});

it('the main job by keyboard alone: train, look at a step, fork it, pause', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000', checkpointEvery: '2' })}`);
  await reaches(page, 'Ready to train');
  await page.keyboard.press('Space');
  await waitForStep(page, 8);
  await page.keyboard.press('Space');
  await reaches(page, 'Paused');
  const timeline = page.getByRole('slider', { name: 'Step shown' });
  await timeline.focus();
  await page.keyboard.press('Home');
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  await page.getByRole('button', { name: 'Fork from 4' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: /^SRT \(2\)/ }).waitFor({ state: 'attached' });
  await page.keyboard.press('s');
  await reaches(page, 'Paused');
  await expect.poll(() => page.getByRole('radio', { name: /^SRT \(2\)/ }).isChecked()).toBe(true);
  expect(complaints).toEqual([]);
  await page.close();
});
