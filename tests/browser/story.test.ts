import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { launch, newPage, openedLab, query, reaches, waitForStep } from './lab.ts';

const lab = openedLab();

it('tells the run turn by turn; a turn leads to its step, and hidden truth hides what only labels tell', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ steps: '2000' })}`);
  await reaches(page, 'Ready to train');
  const story = page.getByRole('region', { name: 'The story so far' });
  expect(await story.getByRole('button').count()).toBe(0);
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1000);
  const turns = story.getByRole('listitem').getByRole('button');
  // A hundred at first, and all when they are asked for.
  const earlier = story.getByRole('button', { name: /^\d+ earlier turns?$/ });
  await earlier.waitFor();
  expect(await turns.count()).toBe(100);
  await earlier.click();
  await expect.poll(() => turns.count()).toBeGreaterThan(100);
  expect(await earlier.count()).toBe(0);
  const text = await turns.first().textContent();
  const step = /^\d+/.exec(text ?? '')?.[0] ?? 'none';
  await turns.first().click();
  await expect.poll(() => page.getByRole('slider', { name: 'Step shown' }).inputValue()).toBe(step);
  await expect.poll(() => turns.first().getAttribute('aria-pressed')).toBe('true');
  const seen = await turns.allTextContents();
  expect(seen.some((turn) => turn.includes('held-out'))).toBe(true);
  await page.getByLabel('hide truth').check();
  await expect.poll(async () => (await turns.allTextContents()).join()).not.toContain('held-out');
  expect(await page.getByText('✓ right').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});

it('names a collapse on the title chart, and not while truth is hidden', async () => {
  const bare = await launch([]);
  const { page } = await newPage(bare);
  await page.goto(lab.host.address);
  const chart = page.getByRole('figure', { name: 'Reward against truth', exact: true });
  const named = chart.locator('.overlay .collapse text');
  await expect
    .poll(() => named.allTextContents())
    .toEqual([expect.stringMatching(/^SRT collapsed at step \d+$/)]);
  await page.getByLabel('hide truth').check();
  await expect.poll(() => named.count()).toBe(0);
  await bare.close();
});
