import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, expect, it } from 'vitest';
import { readModelAt, readModelFolder } from '../../src/cli/modelFolder.ts';
import { presets } from '../../src/settings/presets.ts';
import { exported, newPage, openedLab, query, reaches, tiny, waitForStep } from './lab.ts';

const lab = openedLab();
const folder = mkdtempSync(join(tmpdir(), 'lab-export-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

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

  const all = await exported(page, 'Scripts for TRL and verl');
  const zip = unzipSync(readFileSync(await all.path()));
  expect(Object.keys(zip)).toEqual(expect.arrayContaining(['trl/SRT.py', 'verl/SRT.sh']));
  expect(strFromU8(zip['trl/SRT.py'] ?? new Uint8Array())).toBe(python);

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

  // Its policy and anchor as other programs read models: what npm run export writes of them is checked by those (docs/in-trl.md).
  for (const side of ['policy', 'anchor'] as const) {
    const zip = await exported(page, `Hugging Face folder of the ${side}`);
    expect(zip.suggestedFilename()).toBe(`SRT-${side}-3.zip`);
    const files = unzipSync(readFileSync(await zip.path()));
    const place = join(folder, side);
    mkdirSync(place);
    for (const [path, bytes] of Object.entries(files)) {
      expect(path.startsWith(`SRT-${side}-3/`)).toBe(true);
      writeFileSync(join(place, path.slice(`SRT-${side}-3/`.length)), bytes);
    }
    const { weights } = readModelAt(place, '');
    expect(weights).not.toEqual(readModelFolder(presets.entropy.lanes[0]?.settings.model ?? '').weights);
    expect(readFileSync(join(place, 'README.md'), 'utf8')).toContain('of "SRT" after step 3');
  }

  // Opens from disk, in whatever browser: charts without a script.
  const report = await exported(page, 'Run as a page');
  const place = join(folder, 'run.html');
  await report.saveAs(place);
  await page.goto(pathToFileURL(place).href);
  const chart = page.getByRole('img', { name: /^Reward/ }).first();
  await chart.waitFor();
  expect((await chart.boundingBox())?.height).toBeGreaterThan(100);
  expect(await chart.locator('path.run-1').getAttribute('d')).toMatch(/^M[\d.]+ [\d.]+L/);
  expect(complaints).toEqual([]);
  await page.close();
});
