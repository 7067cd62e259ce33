import { expect, it } from 'vitest';
import { newPage, openedLab, query, reaches, stepsMade, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

it('a token says its formula with its numbers, and they are what the kernel summed up; by keys, too', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000', entropyBonus: '0.01' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 6);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const row = page.locator('.completions tbody tr').filter({ hasText: 'kept' }).first();
  const formula = page.getByRole('region', { name: 'One token in the loss' });
  await row.getByRole('button', { name: 'policy' }).focus();
  await page.keyboard.press('Enter');
  await formula.getByText(/^Token 1 of /).waitFor();
  // Both lanes learned from rollouts of this prompt, unless a filter dropped that one of the other's.
  const figures = async (name: string | RegExp) =>
    (await formula.getByRole('row', { name }).getByRole('cell').allTextContents()).map((text) =>
      Number(text.replaceAll('−', '-')),
    );
  expect((await figures('ratio ρ'))[0]).toBe(1);
  expect((await figures(/^c /))[0]).toBe(0.01);
  const [policy, kl, entropy, weight, part] = await Promise.all(
    ['policy term', 'β·k3', '−c·H', 'weight w', 'part of the loss'].map(
      async (name) => (await figures(name))[0] ?? NaN,
    ),
  );
  expect(entropy).toBeLessThan(0);
  const whole = (weight ?? NaN) * ((policy ?? NaN) + (kl ?? NaN) + (entropy ?? NaN));
  // Three digits of each are shown.
  expect(Math.abs(whole - (part ?? NaN))).toBeLessThanOrEqual(
    0.02 * (weight ?? NaN) * (1 + Math.abs(policy ?? NaN)),
  );
  await formula.getByRole('button', { name: 'The next token' }).click();
  await formula.getByText(/^Token 2 of /).waitFor();
  await row.locator('.token').first().click();
  await formula.getByText(/^Token 1 of /).waitFor();
  await formula.getByRole('button', { name: 'Close' }).click();
  await page.getByText(/^entropy of each rollout/).waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

it('of a small pool of prompts it is seen how each was voted on before, and a press leads there', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, promptPool: '4', steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 6);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const before = page.getByRole('table', { name: 'the same prompt before' });
  const rows = before.getByRole('row').filter({ has: page.getByRole('button') });
  // Four prompts a step of four: each step has them all.
  const steps = await rows.getByRole('button').allTextContents();
  const newest = await stepsMade(page);
  expect(steps).toEqual(
    Array.from({ length: Math.min(12, newest - 1) }, (_, i) => `step ${String(newest - 1 - i)}`),
  );
  expect(await rows.first().getByRole('cell').allTextContents()).toHaveLength(4);
  const prompt = page.locator('.votes caption code');
  const asked = await prompt.textContent();
  await rows.last().getByRole('button').press('Enter');
  const last = steps.at(-1) ?? '';
  await page.locator('#rollouts-title').getByText(`${last} · prompt`).waitFor();
  expect(await prompt.textContent()).toBe(asked);
  await page.getByLabel('hide truth').check();
  await expect
    .poll(() =>
      page
        .locator('.earlier .roles')
        .allTextContents()
        .then((all) => all.join('')),
    )
    .toBe('');
  expect(complaints).toEqual([]);
  await page.close();
});
