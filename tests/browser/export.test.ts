import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exported, newPage, openedLab, query, reaches, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

it('metrics leave as a table, settings as scripts for other trainers', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '3' })}`);
  const menu = page.locator('summary', { hasText: 'Export' });
  await menu.click();
  const rows = page.getByRole('button', { name: 'Metrics as CSV' });
  expect(await rows.isDisabled()).toBe(true);
  await page.keyboard.press('Escape');
  await rows.waitFor({ state: 'hidden' });

  const script = await exported(page, 'TRL script');
  expect(script.suggestedFilename()).toBe('SRT.py');
  const python = readFileSync(await script.path(), 'utf8');
  expect(python).toContain('max_steps=3,');
  expect(python).toContain('def majority(');
  const launch = await exported(page, 'verl launch script');
  expect(launch.suggestedFilename()).toBe('SRT.sh');
  expect(readFileSync(await launch.path(), 'utf8')).toContain('trainer.total_training_steps=3');

  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 3);
  await reaches(page, 'Finished');
  const table = await exported(page, 'Metrics as CSV');
  const lines = readFileSync(await table.path(), 'utf8')
    .trimEnd()
    .split('\r\n');
  expect(lines[0]).toMatch(/^run,step,/);
  // Two lanes, steps 0 to 3.
  expect(lines).toHaveLength(1 + 2 * 4);
  expect(complaints).toEqual([]);
  await page.close();
});
