import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { newPage, openedLab, query, reaches, waitForStep } from './lab.ts';

const lab = openedLab();

it('leads a room from turn to turn, shows truth at a key, and Escape and Back leave it', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ steps: '2000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('link', { name: 'Present' }).click();
  const stage = page.getByRole('main');
  await stage.getByText('Nothing has happened yet.').waitFor();
  expect(await page.getByRole('navigation').isVisible()).toBe(false);
  await page.keyboard.press('Space');
  await expect.poll(() => stage.getByText(/^step \d+/).textContent()).not.toContain('Nothing');
  await stage.getByText(/ of \d+$/).waitFor();
  await page.keyboard.press('Space');
  // The stand-in trains on, and tells more: a turn is known by its sentence.
  const turn = () => stage.locator('footer p').textContent();
  // Truth is hidden until a key is pressed.
  expect(await stage.getByText('truth is hidden').count()).toBe(1);
  await page.keyboard.press('t');
  await expect.poll(() => stage.getByText('truth is hidden').count()).toBe(0);
  const last = await turn();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(turn).not.toBe(last);
  const before = await turn();
  await page.keyboard.press('PageUp');
  await expect.poll(turn).not.toBe(before);
  await page.keyboard.press('PageDown');
  await expect.poll(turn).toBe(before);
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'Timeline' }).waitFor();
  // As it was before: truth was to be seen.
  expect(await page.getByLabel('hide truth').isChecked()).toBe(false);
  await page.goBack();
  await page.getByRole('button', { name: 'Leave (Esc)' }).waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

it('a link carries the step, the zoom and what is hidden', async () => {
  const { page } = await newPage(lab.browser);
  await standInForTrainer(page);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const look = '#lab/step=120/zoom=40-200/hide=truth';
  await page.goto(`${lab.host.address}${query({ steps: '2000' })}${look}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1000);
  await expect.poll(() => page.getByRole('slider', { name: 'Step shown' }).inputValue()).toBe('120');
  expect(await page.getByLabel('hide truth').isChecked()).toBe(true);
  await page.getByText('steps 40 to 200').waitFor();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(look);
  await page.close();
});
