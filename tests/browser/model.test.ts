import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, launch, newPage, serveBuilt, type Host, strictPolicy } from './lab.ts';

// The page Model: folders in, refused in words, asked, compared, exported, let go.

const model = 'public/models/sort-64-early';
const other = 'public/models/sort-48';

let browser: Browser;
let host: Host;
const folder = mkdtempSync(join(tmpdir(), 'lab-model-'));
beforeAll(async () => {
  [browser, host] = await Promise.all([launch(), serveBuilt({ 'Content-Security-Policy': strictPolicy })]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
  rmSync(folder, { recursive: true });
});

async function modelPage(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await newPage(browser);
  // The lab's own device has nothing to do here.
  await page.goto(`${host.address}#model`);
  await page.getByRole('heading', { name: 'Ask a model of your own' }).waitFor();
  return { page, complaints };
}

const give = (page: Page, path: string, slot = 'Model'): Promise<void> =>
  page.getByLabel(`${slot}: a Hugging Face folder`).setInputFiles(path);

async function wish(page: Page, label: string, value: number): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(String(value));
}

interface Line {
  readonly model: string;
  readonly prompt: string;
  readonly completion: string;
  readonly answer: string | null;
  readonly tokens: readonly number[];
  readonly entropies: readonly number[];
}

it('a folder is opened, priced, asked beside another, read by keys and exported; Watch opens the file', async () => {
  const { page, complaints } = await modelPage();
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(host.address) && !/^(blob|data):/.test(request.url()))
      elsewhere.push(request.url());
  });
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  expect(await ask.isDisabled()).toBe(true);
  await give(page, model);
  await page.getByText(/qwen3, \d+,\d+ parameters in F32/).waitFor();
  await page
    .getByLabel('Prompts, one a line')
    .fill('{"prompt": "53142=", "answer": "12345"}\n{"prompt": "90817=", "answer": "01789"}');
  await wish(page, 'completions each', 6);
  await wish(page, 'tokens at most', 10);
  // Before anything is loaded: memory to the byte, and seconds.
  await page
    .getByText(/2 prompts, all with an answer, 12 completions\. GPU memory: .* \([\d,]+ bytes\)/)
    .waitFor();
  await page.getByText(/ s, where every completion is as long/).waitFor();
  await give(page, other, 'Compared with');
  await page
    .getByText(/qwen3, \d+,\d+ parameters/)
    .nth(1)
    .waitFor();
  await eventually(async () => {
    expect(await ask.isEnabled()).toBe(true);
  });
  await ask.focus();
  await page.keyboard.press('Enter');
  await page.getByText(/sort-64-early and sort-48: .*KL\(sort-64-early ‖ sort-48\) \d?\.\d+/).waitFor();
  const row = page
    .getByRole('group', { name: 'Figures of all prompts' })
    .getByRole('row', { name: /^sort-64-early/ });
  expect(await row.getByRole('cell').count()).toBe(12);

  // The other prompt, by keys: every completion, its tokens with their entropies in words as well.
  const second = page.getByRole('button', { name: '90817=' });
  await second.focus();
  await page.keyboard.press('Enter');
  const said = page.getByRole('region', { name: 'sort-64-early' });
  await expect.poll(() => second.getAttribute('aria-pressed')).toBe('true');
  await expect.poll(() => said.getByRole('listitem').count()).toBe(6);
  expect(await said.getByRole('listitem').first().textContent()).toMatch(/entropy .*most at “.”: /);
  // What a vote is called at most is whole.
  const [needed, there] = await said
    .locator('.roles')
    .first()
    .evaluate((cell) => {
      const before = cell.textContent;
      cell.textContent = 'most votes · truth';
      cell.parentElement?.setAttribute('data-winner', 'true');
      const widths = [cell.scrollWidth, cell.clientWidth] as const;
      cell.textContent = before;
      return widths;
    });
  expect(needed).toBeLessThanOrEqual(there);
  // However many completions there are, paper has them all, and nothing to press beside them.
  await page.emulateMedia({ media: 'print' });
  expect(await said.getByRole('list').evaluate((list) => getComputedStyle(list).maxHeight)).toBe('none');
  expect(await page.locator('main button:not(.list button):visible').count()).toBe(0);
  await page.emulateMedia({ media: 'screen' });

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export as JSON lines' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('sort-64-early-and-sort-48.jsonl');
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines.map((line) => line.model)).toEqual([
    ...Array.from({ length: 12 }, () => 'sort-64-early'),
    ...Array.from({ length: 12 }, () => 'sort-48'),
  ]);
  for (const { tokens, entropies } of lines) expect(entropies.length).toBe(tokens.length);
  // What is shown is what was said.
  const shown = await said.locator('.tinted').allTextContents();
  expect(shown).toEqual(
    lines
      .filter((line) => line.model === 'sort-64-early' && line.prompt === '90817=')
      .map(({ completion }) => completion),
  );

  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: run } = window as unknown as { axe: typeof import('axe-core') };
    const { violations: found } = await run.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    });
    return found.map(({ id, nodes }) => `${id} ${nodes[0]?.failureSummary ?? ''}`);
  });
  expect(violations).toEqual([]);

  // Held until it is released, or the folders are closed: then the worker is gone as well.
  await page.getByRole('button', { name: 'Release them' }).click();
  await page.getByText('are held on the GPU').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Open in Watch' }).click();
  await page.getByRole('article', { name: 'sort-64-early-and-sort-' }).waitFor();
  await page.getByRole('link', { name: 'Model' }).click();
  const workers = page.workers().length;
  await page.getByRole('button', { name: 'Close sort-64-early' }).click();
  await page.getByRole('button', { name: 'Close sort-48' }).click();
  await expect.poll(() => page.workers().length).toBe(workers - 1);
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
  await page.close();
});

describe('what is no model is refused as the command refuses it', () => {
  const broken = (name: string, how: (path: string) => void): string => {
    const path = join(folder, name);
    cpSync(model, path, { recursive: true });
    how(path);
    return path;
  };
  const tiny = (name: string) => join('tests/fixtures/pretrained', name);
  it('without config, of another kind, without a shard, cut off, of another shape', async () => {
    const { page, complaints } = await modelPage();
    const cases: readonly (readonly [string, RegExp])[] = [
      ['docs', /The folder "docs" has no config\.json/],
      [
        broken('other-kind', (path) => {
          const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as object;
          writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, hidden_act: 'gelu' }));
        }),
        /"hidden_act" is "gelu", and only "silu" is supported/,
      ],
      [
        broken('without-shard', (path) => {
          rmSync(path, { recursive: true });
          cpSync(tiny('tiny-qwen3-sharded'), path, { recursive: true });
          rmSync(join(path, 'model-00002-of-00003.safetensors'));
        }),
        /model\.safetensors\.index\.json names it, but there is no such file/,
      ],
      [
        broken('cut-off', (path) => {
          truncateSync(join(path, 'model.safetensors'), 40_000);
        }),
        /model\.safetensors/,
      ],
      [
        broken('other-shape', (path) => {
          const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as {
            intermediate_size: number;
          };
          writeFileSync(
            join(path, 'config.json'),
            JSON.stringify({ ...config, intermediate_size: config.intermediate_size + 4 }),
          );
        }),
        /mlp\.\w+_proj\.weight/,
      ],
      [tiny('tiny-llama'), /The folder "tiny-llama" has no tokenizer\.json/],
    ];
    for (const [path, words] of cases) {
      await give(page, path);
      await page.getByRole('alert').filter({ hasText: words }).waitFor();
      await page.getByRole('button', { name: /^Close / }).click();
    }
    // Nor is what doesn't fit, with the figures and with what would.
    await give(page, model);
    await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor();
    await page.getByLabel('GPU memory, GB').fill('0.001');
    await page.getByText(/This needs \d+(\.\d)? MB, and there are 1\.0 MB\./).waitFor();
    expect(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

it('asking is stopped, and what was said stays; a device that is lost is said, and asked for anew', async () => {
  const { page, complaints } = await modelPage();
  // One that goes on until it is stopped: no token that it says ends a completion.
  const endless = join(folder, 'endless');
  cpSync(model, endless, { recursive: true });
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as object;
  writeFileSync(join(endless, 'config.json'), JSON.stringify({ ...config, eos_token_id: 0 }));
  await give(page, endless);
  await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor();
  await page.getByLabel('Prompts, one a line').fill('53142=\n90817=');
  await wish(page, 'completions each', 4);
  await wish(page, 'at once', 4);
  await wish(page, 'tokens at most', 4000);
  await page.getByText(/2 prompts, 8 completions/).waitFor();
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  await eventually(async () => {
    expect(await ask.isEnabled()).toBe(true);
  });
  await ask.click();
  // Written as it comes.
  await page.getByText(/of 8 completions/).waitFor();
  await page
    .getByRole('list', { name: /^Completions of/ })
    .getByRole('listitem')
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText(/^Stopped: the figures are of [48] completions\./).waitFor();
  await page.getByText(/are held on the GPU/).waitFor();

  const [worker] = (
    await Promise.all(
      page.workers().map(async (each) => ((await each.evaluate(() => self.name)) === 'models' ? [each] : [])),
    )
  ).flat();
  expect(worker).toBeDefined();
  await worker?.evaluate(() => {
    // The next thing that is recorded finds the device gone.
    const name = 'createCommandEncoder';
    const own = Object.getOwnPropertyDescriptor(GPUDevice.prototype, name) ?? {};
    Object.defineProperty(GPUDevice.prototype, name, {
      configurable: true,
      value: function (this: GPUDevice) {
        Object.defineProperty(GPUDevice.prototype, name, own);
        this.destroy();
        return this.createCommandEncoder();
      },
    });
  });
  await ask.click();
  await page.getByText(/The GPU device was lost: .*Ask once more: the model is loaded anew/).waitFor();
  await wish(page, 'tokens at most', 5);
  await eventually(async () => {
    expect(await ask.isEnabled()).toBe(true);
  });
  await ask.click();
  await page.getByText(/^\d+ tokens in /).waitFor();

  // A worker that ends without a word, as where memory runs short.
  void worker
    ?.evaluate(() => {
      self.close();
    })
    .catch(() => undefined);
  await page.getByText(/^The models’ worker is gone: .*What it held is lost/).waitFor();
  await give(page, model);
  await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor();
  expect(await page.getByText('The models’ worker is gone').count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.close();
});
