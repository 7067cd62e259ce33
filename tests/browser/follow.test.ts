import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { eventually, newPage, openedLab } from './lab.ts';

const lab = openedLab();

/** The Watch page, whose pickers give what lies in the browser's own private folder: real handles, and no dialog. */
async function watchPage(file: string): Promise<Page> {
  const { page } = await newPage(lab.browser);
  await page.addInitScript((name) => {
    const root = navigator.storage.getDirectory();
    Object.assign(window, {
      showOpenFilePicker: async () => [await (await root).getFileHandle(name)],
      showDirectoryPicker: async () => (await root).getDirectoryHandle('runs'),
    });
  }, file);
  await page.goto(`${lab.host.address}#watch`);
  await page.getByRole('heading', { name: 'Watch your own run' }).waitFor();
  return page;
}

/** Appends to a file as a trainer does. @param path with its folders, which are made */
async function append(page: Page, path: string, text: string): Promise<void> {
  await page.evaluate(
    async ([at, more]) => {
      const names = at.split('/');
      let folder = await navigator.storage.getDirectory();
      for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
      const handle = await folder.getFileHandle(names.at(-1) ?? '', { create: true });
      const { size } = await handle.getFile();
      const writer = await handle.createWritable({ keepExistingData: true });
      await writer.write({ type: 'write', position: size, data: more });
      await writer.close();
    },
    [path, text] as const,
  );
}

const lines = (from: number, to: number, what: object = {}): string =>
  Array.from({ length: to - from }, (_, i) => {
    const step = from + i;
    const row = { step, reward: 0.2 + step / 100 + 0.01 * (step % 3), entropy: 1, grad_norm: 0.5, ...what };
    return `${JSON.stringify(row)}\n`;
  }).join('');

it('a file is followed: what is appended is drawn, and a verdict that turns is told', async () => {
  const page = await watchPage('run.jsonl');
  await append(page, 'run.jsonl', lines(1, 30));
  await page.getByRole('button', { name: 'Follow a file' }).click();
  const card = page.getByRole('article', { name: 'run' });
  await card.getByText('29 rows, steps 1 to 29').waitFor();
  await card.getByText('No sign of a collapse').waitFor();

  await append(page, 'run.jsonl', lines(30, 40));
  await card.getByText('39 rows, steps 1 to 39').waitFor();
  // The last line is half written when the page looks.
  await append(
    page,
    'run.jsonl',
    `${lines(40, 46, { reward: 'NaN', entropy: 'NaN', grad_norm: 'NaN' })}{"step": 4`,
  );
  await page.getByRole('status').filter({ hasText: 'run: warning. Not finite since step 40' }).waitFor();
  expect(await page.getByRole('article').count()).toBe(1);

  await page.getByRole('button', { name: 'Stop following run.jsonl' }).click();
  await page.getByRole('list', { name: 'Followed' }).waitFor({ state: 'detached' });
  await card.waitFor();
  await page.close();
});

it('a folder of runs: each with its own completions, the new ones as they come', async () => {
  const page = await watchPage('run.jsonl');
  const completions = (step: number): string =>
    ['3', '3', '4', '4']
      .map((answer) => `${JSON.stringify({ step, prompt: 'a', completion: answer })}\n`)
      .join('');
  await append(page, 'runs/a/metrics.jsonl', lines(1, 20));
  await append(page, 'runs/a/rollouts/1.jsonl', completions(1));
  await append(page, 'runs/b/metrics.jsonl', lines(1, 25));
  await page.getByRole('button', { name: 'Follow a folder' }).click();
  const [a, b] = ['a, metrics', 'b, metrics'].map((name) => page.getByRole('article', { name }));
  await a?.getByText('20 rows, steps 1 to 19').waitFor();
  await b?.getByText('24 rows, steps 1 to 24').waitFor();
  await append(page, 'runs/a/rollouts/2.jsonl', completions(2));
  await a?.getByText('21 rows').waitFor();
  expect(await b?.getByText('24 rows, steps 1 to 24').count()).toBe(1);
  await page.close();
});

it('Parquet files of TRL, chosen with the log of their run, give it its votes', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}#watch`);
  const log = { name: 'run.jsonl', mimeType: '', buffer: Buffer.from(lines(1, 301)) };
  const parquet = ['020', '160', '300'].map((step) => {
    const name = `completions_00${step}.parquet`;
    return { name, mimeType: '', buffer: readFileSync(`tests/fixtures/completions/srt/${name}`) };
  });
  await page.getByLabel('Logs of training runs').setInputFiles([log, ...parquet]);
  await page.getByRole('figure', { name: 'Vote' }).waitFor();
  await eventually(async () => {
    expect(await page.getByRole('article').textContent()).toContain('303 rows');
  });
  expect(complaints).toEqual([]);
  await page.close();
});

it('a browser that can’t follow says so', async () => {
  const { page } = await newPage(lab.browser);
  await page.addInitScript(() => {
    Object.assign(window, { showOpenFilePicker: undefined });
  });
  await page.goto(`${lab.host.address}#watch`);
  await page.getByText('This browser reads a file once').waitFor();
  expect(await page.getByRole('button', { name: 'Follow a file' }).isDisabled()).toBe(true);
  await page.close();
});

it('completions: a prompt and its vote at a time, by step; how answers are found is chosen, and curves follow', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}#watch`);
  const written = (step: number, prompt: string, texts: readonly string[]): string =>
    texts
      .map(
        (text) =>
          `${JSON.stringify({ step, prompt, completion: text, reward: Number(text.includes('7')) })}\n`,
      )
      .join('');
  const told =
    written(10, 'three and four?', ['\\boxed{7}, 1', '\\boxed{7}, 2', '\\boxed{7}, 3', '\\boxed{9}, 4']) +
    written(10, 'two and two?', ['\\boxed{4}, 1', '\\boxed{4}, 2', '\\boxed{4}, 3', '\\boxed{4}, 4']) +
    written(20, 'three and four?', ['\\boxed{7}, 5', '\\boxed{7}, 5', '\\boxed{7}, 5', '\\boxed{7}, 5']);
  await page.getByLabel('Logs of training runs').setInputFiles([
    { name: 'run.jsonl', mimeType: '', buffer: Buffer.from(lines(1, 30)) },
    { name: 'completions.jsonl', mimeType: '', buffer: Buffer.from(told) },
  ]);
  const panel = page.getByRole('region', { name: 'Completions of run' });
  await panel.getByText('step 20', { exact: true }).waitFor();
  const bars = panel.getByRole('table', { name: 'vote of 4 completions' });
  expect(await bars.getByRole('row').last().textContent()).toMatch(/^7.*4most votes$/);

  await panel.getByRole('button', { name: 'Earlier step' }).click();
  await panel.getByText('prompt 1 of 2').waitFor();
  expect(await bars.getByRole('row').nth(1).textContent()).toMatch(/^7.*3most votes$/);
  expect(await bars.getByRole('row').nth(2).textContent()).toMatch(/^9.*1$/);
  expect(await panel.getByRole('row').filter({ hasText: '\\boxed{9}' }).textContent()).toContain('.00');
  await panel.getByRole('button', { name: 'Next prompt' }).click();
  await panel.getByText('prompt 2 of 2').waitFor();
  await panel.getByText('two and two?').waitFor();

  const answers = panel.getByLabel('answers by');
  await answers.selectOption('number');
  await panel.getByText('Answers are found as the last number, in 100 % of them').waitFor();
  await eventually(async () => {
    expect(await bars.getByRole('row').count()).toBe(5);
  });
  await answers.selectOption('own pattern');
  await panel.getByLabel('Pattern of the answer').fill('boxed{(');
  await panel.getByRole('button', { name: 'Find' }).click();
  await panel.getByRole('alert').filter({ hasText: 'Answers can’t be found by "boxed{("' }).waitFor();
  await panel.getByLabel('Pattern of the answer').fill('boxed.(\\d)');
  await panel.getByRole('button', { name: 'Find' }).click();
  await panel.getByText('Answers are found by boxed.(\\d), in 100 % of them').waitFor();
  await eventually(async () => {
    expect(await bars.getByRole('row').count()).toBe(2);
  });
  await page.getByRole('figure', { name: 'Vote' }).waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});
