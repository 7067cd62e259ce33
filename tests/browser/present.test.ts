import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { launch, newPage, openedLab, query, reaches, tiny, waitForStep } from './lab.ts';

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

it('shares what it shows, and goes on after the last step', async () => {
  const { page } = await newPage(lab.browser);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '2' })}#lab/present/step=1`);
  await reaches(page, 'Ready to train');
  const stage = page.getByRole('main');
  await stage.getByRole('button', { name: 'Train' }).click();
  await reaches(page, 'Finished');
  await stage.getByText(/^step 1/).waitFor();
  await stage.getByRole('button', { name: 'Share' }).click();
  await stage.getByRole('button', { name: 'Copied' }).waitFor();
  const shared = await page.evaluate(() => navigator.clipboard.readText());
  expect(shared).toMatch(/#lab\/present\/step=1\/hide=truth$/);
  await stage.getByRole('button', { name: 'Go on' }).click();
  await reaches(page, 'Finished');
  await stage.getByText(/^step 1/).waitFor();
  await stage.getByRole('button', { name: 'The next turn' }).click();
  await stage.getByText(/^step 4/).waitFor();
  await page.close();
});

it('fits the screens of a room: prompts are turned, and what is told stays in sight', async () => {
  const { page } = await newPage(lab.browser);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ steps: '2000' })}#lab/present`);
  await page.getByRole('button', { name: 'Leave (Esc)' }).waitFor();
  await page.getByRole('button', { name: 'Train' }).click();
  await page
    .locator('.present footer')
    .getByText(/ of \d+$/)
    .waitFor();
  for (const [width, height] of [
    [1920, 1080],
    [1440, 900],
    [1280, 720],
    [1024, 640],
    [720, 450],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    const size = `${String(width)}×${String(height)}`;
    const boxOf = async (locator: Locator) => {
      const box = await locator.boundingBox();
      return { right: (box?.x ?? NaN) + (box?.width ?? NaN), bottom: (box?.y ?? NaN) + (box?.height ?? NaN) };
    };
    const [next, panel, told] = await Promise.all([
      boxOf(page.getByRole('button', { name: 'Another prompt of the step: the next' })),
      boxOf(page.getByRole('region', { name: 'What the model does' })),
      boxOf(page.locator('.present footer p')),
    ]);
    expect(next.right, size).toBeLessThan(panel.right);
    expect(told.bottom, size).toBeLessThanOrEqual(height);
  }
  await page.close();
});

it('says of a recorded run that it is one, and offers to train nothing', async () => {
  const bare = await launch([]);
  const { page } = await newPage(bare);
  await page.goto(`${lab.host.address}#lab/present`);
  const stage = page.getByRole('main');
  await stage.getByText('recorded', { exact: true }).waitFor();
  await stage.getByText(/ of \d+$/).waitFor();
  expect(await stage.getByRole('button', { name: 'Train' }).count()).toBe(0);
  await page.keyboard.press('ArrowLeft');
  await stage
    .locator('footer')
    .getByText(/^step \d+/)
    .waitFor();
  // No banner above what is presented.
  expect(await page.getByRole('alert').isVisible()).toBe(false);
  await bare.close();
});
