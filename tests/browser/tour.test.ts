import { expect, it } from 'vitest';
import { eventually, newPage, query, reaches, openedLab, tiny, waitForStep } from './lab.ts';
import { presets } from '../../src/settings/presets.ts';
import { stops } from '../../src/ui/tour/stops.ts';

const lab = openedLab();

it('is offered once, leads by keyboard past every part while the run goes on, and is remembered', async () => {
  const { page, complaints } = await newPage(lab.browser, false);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  const layout = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('figure')].map((each) => each.getBoundingClientRect().top),
    );
  const before = await layout();
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await page.getByRole('button', { name: 'Train' }).click();
  for (const [number, { say, at }] of stops.entries()) {
    const { title } = say(presets.entropy.lanes);
    const card = page.getByRole('dialog', { name: `Tour, ${number + 1} of ${stops.length}: ${title}` });
    await card.waitFor();
    // The ring lies around a part that is there, and the card beside it is on the screen; both follow it as it moves.
    await eventually(async () => {
      const [ring, part, own] = await Promise.all(
        [page.locator('.tour-ring'), page.locator(at), card].map((each) => each.boundingBox()),
      );
      expect(ring?.x, at).toBeCloseTo(part?.x ?? NaN, 0);
      expect(ring?.y, at).toBeCloseTo(part?.y ?? NaN, 0);
      expect(own?.x).toBeGreaterThanOrEqual(0);
      expect(own?.y).toBeGreaterThanOrEqual(0);
      expect((own?.x ?? NaN) + (own?.width ?? NaN)).toBeLessThanOrEqual(1440);
      expect((own?.y ?? NaN) + (own?.height ?? NaN)).toBeLessThanOrEqual(900);
    });
    await card.getByRole('button', { name: /Next|Done/ }).focus();
    if (number < stops.length - 1) await page.keyboard.press('ArrowRight');
  }
  // The rollouts of the first step come with a figure of their own.
  await expect.poll(async () => (await layout()).slice(0, before.length)).toEqual(before);
  await waitForStep(page, 2);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.reload();
  // Where the run was kept in time it goes on, else it begins once more.
  const opened = page.getByRole('status').filter({ hasText: /Ready to train|Paused/ });
  await opened.waitFor({ state: 'attached' });
  expect(await page.getByRole('button', { name: 'Take the tour' }).count()).toBe(0);
  // The guide offers it for ever.
  await page.getByRole('link', { name: 'Guide' }).click();
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await page.getByRole('dialog', { name: /^Tour, 1 of/ }).waitFor();
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.close();
});

it('a knob goes back to its default and to the paper’s value', async () => {
  const { page } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, groupSize: '8' })}`);
  const group = page.getByRole('textbox', { name: 'Group size G' });
  const toPaper = page.getByRole('button', { name: 'Group size G: to the paper’s value, 32' });
  await toPaper.click();
  await expect.poll(() => group.inputValue()).toBe('32');
  await toPaper.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Group size G: to the default, 16' }).click();
  await expect.poll(() => group.inputValue()).toBe('16');
  await page.close();
});
