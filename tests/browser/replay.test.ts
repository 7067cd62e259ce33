import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { exported, newPage, query, reaches, openedLab, tiny, waitForStep } from './lab.ts';

const lab = openedLab();
const folder = mkdtempSync(join(tmpdir(), 'lab-replay-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('what was done on the page is replayed without one, bit for bit: live changes, a fork, the guard', async () => {
  const { page, complaints } = await newPage(lab.browser);
  const guarded = { guard: 'rollback', guardThreshold: '0.05', guardStepsBack: '4' };
  await page.goto(
    `${lab.host.address}${query({ ...tiny, ...guarded, steps: '100000', checkpointEvery: '3', learningRate: '0.002' })}`,
  );
  await reaches(page, 'Ready to train');
  await page.keyboard.press('Space');
  await waitForStep(page, 6);
  const turn = async (knob: string, value: string): Promise<void> => {
    const field = page.getByRole('textbox', { name: knob });
    await field.fill(value);
    await field.press('Enter');
  };
  await turn('Temperature T', '0.9');
  await waitForStep(page, 14);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await page.getByRole('slider', { name: 'Step shown' }).fill('10');
  await page.getByRole('button', { name: /^Fork from/ }).click();
  await page.getByRole('radio', { name: /^SRT \(2\)/ }).waitFor({ state: 'attached' });
  await turn('Learning rate', '0.0005');
  await page.getByRole('button', { name: 'Newest' }).click();
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 17);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const download = await exported(page, 'Metrics as JSON lines');
  const path = join(folder, 'lab.jsonl');
  await download.saveAs(path);
  expect(complaints).toEqual([]);
  await page.close();

  const text = readFileSync(path, 'utf8');
  for (const by of ['reader', 'guard']) expect(text).toContain(`"by":"${by}"`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/cli.mjs', 'replay', path], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  for (const name of ['SRT', 'M-GRPO \\+ IQR', 'SRT \\(2\\)']) {
    expect(stdout).toMatch(
      new RegExp(`^${name}: \\d+ steps with \\d+ changes on the way, every metric as recorded`, 'm'),
    );
  }
  expect(status).toBe(0);
});
