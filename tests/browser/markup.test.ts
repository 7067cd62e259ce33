import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { exported, newPage, openedLab, query, reaches, tiny } from './lab.ts';

// Whatever somebody else may have written – in a link, a record, a log, a folder, a prompt, a reward – is shown as text:
// nothing of it runs, in the page or in what is saved from it.

const lab = openedLab();
const folder = mkdtempSync(join(tmpdir(), 'lab-markup-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Each as long as the name of a lane may be. */
const image = '"><img src=x onerror="window.pwned=1">{{7*7}}';
const script = `"><script>window.pwned=1</script>\${7*7}`;
const link = `<a href="javascript:window.pwned=1">a</a>`;
const svg = `</title><svg onload="window.pwned=1">&lt;b&gt;`;
const texts = [image, script, link, svg];
/** A file's name has no slash. */
const fileName = image;

let complaints: string[] = [];
beforeEach(() => {
  complaints = [];
});

/** A page that is looked at after each thing it was given. */
async function opened(address: string): Promise<Page> {
  const { page, complaints: heard } = await newPage(lab.browser);
  complaints = heard;
  await page.goto(`${lab.host.address}${address}`);
  return page;
}

/** Nothing ran, nothing became an element, and the texts are there as they were written. */
async function isText(page: Page, ...shown: readonly string[]): Promise<void> {
  const all = page.locator('body');
  for (const text of shown)
    await expect
      .poll(async () => {
        const titles = await all.locator('[title], [aria-label], input, textarea').evaluateAll((elements) =>
          elements.flatMap((each) => [
            each.getAttribute('title') ?? '',
            each.getAttribute('aria-label') ?? '',
            // What is typed.
            (each as HTMLInputElement).value,
          ]),
        );
        return [(await all.textContent()) ?? '', ...titles].some((each) => each.includes(text));
      })
      .toBe(true);
  const found = await page.evaluate(() => ({
    ran: 'pwned' in window,
    elements: [
      ...document.querySelectorAll('img, [onerror], [onload], [href^="javascript:" i], script:not([src])'),
    ].map(({ outerHTML }) => outerHTML.slice(0, 200)),
  }));
  expect(found).toEqual({ ran: false, elements: [] });
}

/** What was saved, opened from the disk as its reader would. */
async function savedIsText(name: string, text: string, ...shown: readonly string[]): Promise<void> {
  const file = join(folder, name);
  writeFileSync(file, text);
  const page = await lab.browser.newPage();
  await page.goto(pathToFileURL(file).href);
  const found = await page.evaluate(() => ({
    text: document.documentElement.textContent,
    ran: 'pwned' in window,
    elements: document.querySelectorAll('img, script, [onerror], [onload]').length,
  }));
  expect(found).toMatchObject({ ran: false, elements: 0 });
  for (const each of shown) expect(found.text).toContain(each);
  await page.close();
}

it('names of lanes in a link: in the lab, its charts, what it saves, and on the page Runs', async () => {
  const settings = { ...tiny, promptsPerStep: '2', steps: '3', lanes: '4' };
  const names = Object.fromEntries(texts.map((text, i) => [`${String(i + 1)}.name`, text]));
  const page = await opened(query({ ...settings, ...names }));
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await reaches(page, 'Finished');
  await isText(page, ...texts);

  const chart = page.getByRole('figure', { name: 'Reward against truth' });
  await chart.getByText('⋯').click();
  const [picture] = await Promise.all([
    page.waitForEvent('download'),
    chart.getByRole('button', { name: 'Save as SVG' }).click(),
  ]);
  await savedIsText('chart.svg', readFileSync(await picture.path(), 'utf8'), ...texts);
  await chart.getByText('⋯').click();
  await chart.getByRole('button', { name: 'Show as a table' }).click();
  await chart.getByRole('table').waitFor();
  const report = await exported(page, 'Run as a page');
  await savedIsText('run.html', readFileSync(await report.path(), 'utf8'), ...texts);
  const record = readFileSync(await (await exported(page, 'Metrics as JSON lines')).path(), 'utf8');
  await isText(page, ...texts);

  // Kept, named and noted; and the same from a file whose name is markup, too.
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).click();
  await page.getByLabel('Records of runs').setInputFiles([
    { name: `${fileName}.jsonl`, mimeType: 'text/plain', buffer: Buffer.from(record) },
    { name: `no ${fileName}.jsonl`, mimeType: 'text/plain', buffer: Buffer.from(`{"${image}": 1}\n`) },
  ]);
  await page.getByText(/was imported\./).waitFor();
  const items = page.getByRole('list', { name: 'Kept runs' }).locator('> li');
  const imported = items.filter({ hasText: 'imported' });
  await isText(page, ...texts, `no ${fileName}.jsonl`);
  await imported.getByRole('button', { name: /^Name and notes of/ }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(script);
  await page.getByRole('textbox', { name: 'Notes' }).fill(`${texts.join('\n')}\njavascript:window.pwned=1`);
  await page.getByRole('button', { name: 'Save' }).click();
  await imported.getByRole('heading', { name: script }).waitFor();
  await isText(page, ...texts, 'javascript:window.pwned=1');
  for (const box of await imported.getByRole('checkbox', { name: /^Compare/ }).all()) await box.check();
  await page.getByRole('button', { name: 'Compare 4 runs' }).click();
  await page.getByRole('heading', { name: '4 kept runs' }).waitFor();
  await page.getByRole('figure', { name: 'Entropy' }).locator('svg path').first().waitFor();
  await isText(page, ...texts);
  expect(complaints).toEqual([]);
  await page.close();
});

it('prompts and rewards of one’s own: where they are written, and where a reward throws such words', async () => {
  const thrown = `function reward() { throw new Error(${JSON.stringify(image)}); }`;
  const prompts = JSON.stringify({ prompt: script, answer: link });
  const page = await opened(query({ ...tiny, steps: '3', rewardCode: thrown }));
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByRole('alert').filter({ hasText: 'Own reward failed' }).waitFor();
  await isText(page, image);

  await page.getByText('Task and model', { exact: true }).click();
  await page.getByRole('button', { name: 'Own reward', exact: true }).press('Enter');
  const reward = page.getByRole('dialog', { name: 'Own reward' });
  await reward.getByRole('status').filter({ hasText: 'Error: ' }).waitFor();
  await isText(page, image);
  await page.keyboard.press('Escape');
  await reward.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Own prompts', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Own prompts' });
  const editor = dialog.getByRole('textbox');
  await editor.waitFor();
  const dropped = await page.evaluateHandle(
    ([name, contents]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([contents], name));
      return transfer;
    },
    [`${fileName}.jsonl`, prompts] as const,
  );
  await editor.dispatchEvent('drop', { dataTransfer: dropped });
  await dialog.getByRole('status').filter({ hasText: 'Line 1 of “Own prompts”' }).waitFor();
  await isText(page, prompts);
  expect(complaints).toEqual([]);
  await page.close();
});

it('logs on the page Watch: columns, runs, completions, names of files', async () => {
  const page = await opened('#watch');
  await page.getByRole('heading', { name: 'Watch your own run' }).waitFor();
  const rows = Array.from({ length: 30 }, (_, step) => ({
    step: step + 1,
    reward: 0.2 + step / 100,
    entropy: 1 - step / 100,
    [image]: step,
    [script]: step % 3,
    run_name: link,
    run: svg,
  }));
  const columns = Object.keys(rows[0] ?? {});
  const cell = (value: string | number): string => `"${String(value).replaceAll('"', '""')}"`;
  const csv = [columns, ...rows.map((row) => Object.values(row))].map((line) => line.map(cell).join(','));
  const completions = texts.map((text) => ({ step: 30, prompt: script, completion: text, reward: 0 }));
  const asLines = (all: readonly object[]): string => all.map((row) => `${JSON.stringify(row)}\n`).join('');
  const file = (name: string, text: string) => ({ name, mimeType: '', buffer: Buffer.from(text) });
  const give = (...files: readonly ReturnType<typeof file>[]): Promise<void> =>
    page.getByLabel('Logs of training runs').setInputFiles(files);
  await give(file(`${fileName}.jsonl`, asLines(rows)), file('completions.jsonl', asLines(completions)));
  await page.getByRole('article').first().waitFor();
  await page.getByRole('region', { name: /^Completions of/ }).waitFor();
  await isText(page, image, script, ...texts);
  await give(file(`2 ${fileName}.csv`, csv.join('\n')), file(`3 ${fileName}.txt`, 'nothing was logged'));
  await expect.poll(() => page.getByRole('article').count()).toBeGreaterThanOrEqual(2);
  await page.getByRole('alert').filter({ hasText: 'was not read' }).waitFor();
  await isText(page, image, script, `3 ${fileName}.txt`);
  // A column of such a name, mapped.
  await page.getByRole('figure', { name: 'Entropy' }).locator('svg path').first().waitFor();
  await page.getByLabel('Further metric').first().selectOption('eval/sampled');
  await page.getByLabel('Column for Sampled').first().selectOption(image);
  await page.getByRole('figure', { name: 'Held-out accuracy' }).waitFor();
  await isText(page, image);
  expect(complaints).toEqual([]);
  await page.close();
});

it('folders on the page Model: their names, what their files say, an adapter’s', async () => {
  const page = await opened('#model');
  await page.getByRole('heading', { name: 'Ask a model of your own' }).waitFor();
  /** A copy of a model whose folder is called like that, with some of a file changed. */
  const model = (name: string, file: string, changes: object): string => {
    const path = join(folder, `${name} ${fileName}`);
    mkdirSync(path);
    cpSync('public/models/sort-64-early', path, { recursive: true });
    const old = JSON.parse(readFileSync(join(path, file), 'utf8')) as object;
    writeFileSync(join(path, file), JSON.stringify({ ...old, ...changes }));
    return path;
  };
  const give = (path: string): Promise<void> =>
    page.getByLabel('Model: a Hugging Face folder').setInputFiles(path);
  for (const [name, changes] of [
    ['kind', { model_type: script }],
    ['act', { hidden_act: image }],
    ['type', { torch_dtype: svg, dtype: svg, architectures: [link] }],
    ['size', { hidden_size: link }],
  ] as const) {
    await give(model(name, 'config.json', changes));
    await page.getByRole('status').filter({ hasText: 'Being opened' }).waitFor({ state: 'detached' });
    await isText(page, `${name} ${fileName}`);
    await page.getByRole('button', { name: /^Close / }).click();
  }

  // An adapter beside a model: of what it says, and of its name.
  const adapter = model('adapter', 'config.json', {});
  cpSync(
    'tests/fixtures/tiny-qwen3-lora/adapter_model.safetensors',
    join(adapter, 'adapter_model.safetensors'),
  );
  const config = JSON.parse(
    readFileSync('tests/fixtures/tiny-qwen3-lora/adapter_config.json', 'utf8'),
  ) as object;
  for (const changes of [
    { base_model_name_or_path: script },
    { target_modules: [image] },
    { peft_type: image },
    { bias: svg },
  ]) {
    writeFileSync(join(adapter, 'adapter_config.json'), JSON.stringify({ ...config, ...changes }));
    await give(adapter);
    await page.getByRole('alert').first().waitFor();
    await isText(page, `adapter ${fileName}`);
    await page.getByRole('button', { name: /^Close / }).click();
  }

  // A model that is opened and asked, with prompts that are markup.
  await give(model('good', 'config.json', {}));
  await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor();
  await page.getByLabel('Prompts, one a line').fill(JSON.stringify({ prompt: script, answer: image }));
  await isText(page, `good ${fileName}`, script);
  expect(complaints).toEqual([]);
  await page.close();
});
