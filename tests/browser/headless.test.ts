import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import { flagOf } from '../../src/settings/flags.ts';
import { isKey } from '../../src/settings/settings.ts';
import { metricIds, type MetricRow } from '../../src/spec/metrics.ts';
import { exportMetrics, newPage, query, reaches, openedLab, tiny } from './lab.ts';

const settings = { ...tiny, steps: '4' };
const names = ['SRT', 'M-GRPO + IQR'];
const compared = metricIds.filter((id) => !id.startsWith('perf/'));

const lab = openedLab();
const folder = mkdtempSync(join(tmpdir(), 'lab-headless-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The same settings on a command line, on the software GPU that the browser brings along. */
function headless(): (readonly Partial<MetricRow>[])[] {
  const out = join(folder, 'run.jsonl');
  const flags = Object.entries(settings).flatMap(([key, value]) => [
    `--${isKey(key) ? flagOf(key) : key}`,
    value,
  ]);
  const { status, stderr } = spawnSync(process.execPath, [
    'scripts/cli.mjs',
    'train',
    ...flags,
    '--out',
    out,
  ]);
  if (status !== 0) throw new Error(stderr.toString());
  const { runs } = readRecord(readFileSync(out, 'utf8'));
  return names.map((name) => runs.find((run) => run.name === name)?.rows ?? []);
}

describe('the page against the command line, on the same adapter', () => {
  let inPage: readonly (readonly Partial<MetricRow>[])[];
  let onLine: readonly (readonly Partial<MetricRow>[])[];

  beforeAll(async () => {
    const { page } = await newPage(lab.browser);
    await page.goto(`${lab.host.address}${query(settings)}`);
    await reaches(page, 'Ready to train');
    await page.getByRole('button', { name: 'Train' }).click();
    await reaches(page, 'Finished');
    inPage = (await exportMetrics(page)).lanes;
    await page.close();
    onLine = headless();
  });

  it.each(names)('%s: every number of every step', (name) => {
    const [page, line] = [inPage, onLine].map((runs) =>
      (runs[names.indexOf(name)] ?? []).map((row) =>
        Object.fromEntries(compared.map((id) => [id, row[id] ?? NaN])),
      ),
    );
    expect(page).toHaveLength(5);
    expect(page).toEqual(line);
  });
});
