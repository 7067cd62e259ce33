import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { metricIds, type MetricRow } from '../../src/spec/metrics.ts';
import {
  exported,
  launch,
  newPage,
  query,
  reaches,
  serveBuilt,
  tiny,
  waitForStep,
  type Host,
  strictPolicy,
} from './lab.ts';
import { readRecord } from '../../src/records/read.ts';

let browser: Browser;
let host: Host;
/** Lets no WebAssembly run. */
let withoutWasm: Host;
const folder = mkdtempSync(join(tmpdir(), 'lab-apart-'));
beforeAll(async () => {
  const served = (policy: string) => serveBuilt({ 'Content-Security-Policy': policy });
  [browser, host, withoutWasm] = await Promise.all([
    launch(),
    served(strictPolicy),
    served(strictPolicy.replace(" 'wasm-unsafe-eval'", '')),
  ]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
  await withoutWasm.close();
  rmSync(folder, { recursive: true });
});

const address = query({
  ...tiny,
  ...{
    steps: '24',
    evalPrompts: '24',
    evalMajorityPrompts: '4',
    learningRate: '0.001',
    checkpointEvery: '4',
  },
});

const beside = (page: Page) => page.getByRole('switch', { name: 'Evaluate beside training' });

/** Opens a run on a host, with evaluation beside the training or without. */
async function opened(of: Host, apart: boolean): Promise<{ page: Page; complaints: string[] }> {
  const lab = await newPage(browser);
  await lab.page.goto(`${of.address}${address}`);
  await reaches(lab.page, 'Ready to train');
  await lab.page.locator('summary', { hasText: /^Evaluation$/ }).click();
  await beside(lab.page).setChecked(apart);
  return lab;
}

/** Trains a run to its end, and reads its file. */
async function trained(page: Page, name: string): Promise<{ rows: unknown; path: string }> {
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await reaches(page, 'Finished');
  const path = join(folder, `${name}.jsonl`);
  await (await exported(page, 'Metrics as JSON lines')).saveAs(path);
  const { runs } = readRecord(readFileSync(path, 'utf8'));
  return { path, rows: runs.map((run) => run.rows.map(measured)) };
}

/** All that does not tell of time. */
function measured(row: Partial<MetricRow>): Partial<MetricRow> {
  return Object.fromEntries(
    metricIds.filter((id) => !id.startsWith('perf/')).map((id) => [id, row[id] ?? null]),
  );
}

it('evaluation beside the training gives the figures of the GPU, in every row, and its record is replayed without it', async () => {
  const with_ = await opened(host, true);
  const without = await opened(host, false);
  const beside_ = await trained(with_.page, 'beside');
  const workers = await Promise.all(with_.page.workers().map((worker) => worker.evaluate(() => self.name)));
  expect(workers).toContain('evaluation');
  const between = await trained(without.page, 'between');
  expect(beside_.rows).toEqual(between.rows);
  const text = JSON.stringify(between.rows);
  // Steps 0, 2, …, 24 of two lanes, not all of them collapsed.
  expect(text.match(/"eval\/sampled":\d/g)).toHaveLength(26);
  expect(text.match(/"eval\/sampled":0\.\d/g)?.length).toBeGreaterThan(5);
  // Nothing turned it off.
  expect(await beside(with_.page).isChecked()).toBe(true);
  expect(with_.complaints).toEqual([]);
  await with_.page.close();
  await without.page.close();

  const { status, stdout } = spawnSync(process.execPath, ['scripts/cli.mjs', 'replay', beside_.path], {
    encoding: 'utf8',
  });
  for (const name of ['SRT', 'M-GRPO \\+ IQR'])
    expect(stdout).toMatch(new RegExp(`^${name}: 24 steps.*, every metric as recorded`, 'm'));
  expect(status).toBe(0);
});

it('a worker for it that breaks under way makes place for another: every figure stays what it is', async () => {
  const { page } = await opened(host, true);
  const other = await opened(host, false);
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await waitForStep(page, 6);
  for (const worker of page.workers()) {
    await worker
      .evaluate(() => {
        if (self.name === 'evaluation') {
          setTimeout(() => {
            throw new Error('a ray from space');
          });
        }
      })
      .catch(() => undefined);
  }
  await reaches(page, 'Finished');
  const path = join(folder, 'broken.jsonl');
  await (await exported(page, 'Metrics as JSON lines')).saveAs(path);
  const rows = readRecord(readFileSync(path, 'utf8')).runs.map((run) => run.rows.map(measured));
  expect(rows).toEqual((await trained(other.page, 'unbroken')).rows);
  await page.close();
  await other.page.close();
});

it('it is switched while training goes on, and where ONNX Runtime can’t be had, the run says so and goes on with the same figures', async () => {
  const { page } = await opened(withoutWasm, true);
  const other = await opened(host, false);
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('ONNX Runtime').getByText('evaluated on the GPU between its steps').waitFor();
  expect(await beside(page).isChecked()).toBe(false);
  await waitForStep(page, 4);
  await beside(page).check();
  await reaches(page, 'Finished');
  const path = join(folder, 'fault.jsonl');
  await (await exported(page, 'Metrics as JSON lines')).saveAs(path);
  const rows = readRecord(readFileSync(path, 'utf8')).runs.map((run) => run.rows.map(measured));
  expect(rows).toEqual((await trained(other.page, 'whole')).rows);
  await page.close();
  await other.page.close();
});
