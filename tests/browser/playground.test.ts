import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { headers } from '../../build/headers.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { joined } from '../../src/onnx/protobuf.ts';
import { writeOnnx } from '../../src/onnx/qwen3.ts';
import {
  eventually,
  exported,
  launch,
  newPage,
  query,
  reaches,
  serveBuilt,
  stepsMade,
  tiny,
  waitForStep,
  type Host,
  strictPolicy,
} from './lab.ts';

/** What the lab's own rollouts answer, too (tests/gpu/baseModels.test.ts). */
const facts = JSON.parse(readFileSync('tests/fixtures/base-models/answers.json', 'utf8')) as {
  models: Record<string, { prompts: string[]; greedy: string[] }>;
};
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

let browser: Browser;
let host: Host;
beforeAll(async () => {
  [browser, host] = await Promise.all([launch(), serveBuilt({ 'Content-Security-Policy': strictPolicy })]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
});

/** The tokens of a model's answer, once it is complete. */
async function answerOf(page: Page, side: string): Promise<string> {
  const group = page.getByRole('group', { name: side, exact: true });
  const written = group.locator('.written code');
  await eventually(async () => {
    const ended = (await written.allTextContents()).at(-1) === '.';
    const cut = (await group.getByRole('status').textContent())?.startsWith('cut') === true;
    expect(ended || cut, 'the answer is complete').toBe(true);
  });
  return (await written.allTextContents()).join('');
}

it('base, policy and anchor answer side by side while training goes on, from files of this site alone', async () => {
  const { page, complaints } = await newPage(browser);
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(host.address) && !/^(blob|data):/.test(url)) elsewhere.push(url);
  });
  const model = facts.models['sort-32'];
  const [prompt = '', wanted = ''] = [model?.prompts[0], model?.greedy[0]];
  await page.goto(
    `${host.address}${query({ ...tiny, model: 'sort-32', steps: '100000', checkpointEvery: '1' })}`,
  );
  await reaches(page, 'Ready to train');

  // Nothing is trained yet: the policy is the base model, and so is its file.
  const file = await exported(page, 'ONNX of the policy');
  expect(file.suggestedFilename()).toBe('SRT-policy-0.onnx');
  const { tokenizer, ...held } = readModelFolder('sort-32');
  expect(readFileSync(await file.path()).equals(joined(writeOnnx({ ...held, tokenizer }, version)))).toBe(
    true,
  );

  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await waitForStep(page, 2);
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.getByLabel('Lane').selectOption('M-GRPO + IQR');
  await page.getByLabel('Prompt').fill(prompt);
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  expect(await answerOf(page, 'base')).toBe(wanted);
  for (const side of ['policy', 'anchor']) {
    expect((await answerOf(page, side)).length).toBeGreaterThan(0);
    expect(await page.getByRole('group', { name: side, exact: true }).textContent()).toMatch(/step [1-9]/);
  }
  const before = await stepsMade(page);
  await waitForStep(page, before + 1);

  // Another token than the likeliest, and what the base model makes of it.
  const base = page.getByRole('group', { name: 'base', exact: true });
  await base.locator('.written button').nth(1).click();
  const other = base.getByRole('button', { name: 'Go on from' }).first();
  const taken = await other.locator('code').textContent();
  await other.click();
  await eventually(async () => {
    expect((await base.locator('.written code').allTextContents())[1]).toBe(taken);
  });
  const anew = await answerOf(page, 'base');
  expect(anew.slice(0, 2)).toBe(`${wanted.slice(0, 1)}${taken ?? ''}`);

  // As it was at a checkpoint.
  const checkpoint = page.getByLabel('Checkpoint');
  const [, step = ''] = await checkpoint.locator('option').allTextContents();
  await checkpoint.selectOption(step);
  await page.getByRole('spinbutton', { name: 'Temperature' }).fill('1');
  await page.getByRole('button', { name: 'Draw again' }).click();
  await answerOf(page, 'policy');
  const policy = page.getByRole('group', { name: 'policy', exact: true });
  expect(await policy.textContent()).toContain(step);

  await page.getByLabel('Prompt').fill('5é=');
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await page.getByText('The model has no token for the character "é"').waitFor();
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
  await page.close();
});

it('where the page is isolated ONNX Runtime has threads, under the strictest policy, and answers the same', async () => {
  const isolated = await serveBuilt(headers);
  const { page, complaints } = await newPage(browser);
  // However few cores there are here.
  await page.route(/assets\/onnxWorker-/, async (route) => {
    const answer = await route.fetch();
    const cores = `Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 6 });`;
    await route.fulfill({ response: answer, body: `${cores}\n${await answer.text()}` });
  });
  const model = facts.models['sort-32'];
  const [prompt = '', wanted = ''] = [model?.prompts[0], model?.greedy[0]];
  await page.goto(`${isolated.address}${query({ ...tiny, model: 'sort-32' })}`);
  await reaches(page, 'Ready to train');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.getByLabel('Prompt').fill(prompt);
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  for (const side of ['base', 'policy', 'anchor']) expect(await answerOf(page, side)).toBe(wanted);
  // Half of the cores: two beside the one that was there.
  const scripts = page.workers().filter((worker) => worker.url().includes('onnxWorker'));
  expect(scripts).toHaveLength(3);
  expect(complaints).toEqual([]);
  await page.close();
  await isolated.close();
});

it('ONNX Runtime on WebGPU has the logits of the one on the CPU, of every base model, and answers the same', async () => {
  const { page, complaints } = await newPage(browser);
  const model = facts.models['sort-32'];
  const [prompt = '', wanted = ''] = [model?.prompts[0], model?.greedy[0]];
  await page.goto(`${host.address}${query({ ...tiny, model: 'sort-32' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.getByLabel('Prompt').fill(prompt);
  await page.getByLabel('Runs on').selectOption('GPU');
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  for (const side of ['base', 'policy', 'anchor']) expect(await answerOf(page, side)).toBe(wanted);
  const [script] = page.workers().filter((worker) => worker.url().includes('onnxWorker'));

  for (const [each, { prompts }] of Object.entries(facts.models)) {
    const { config, ...held } = readModelFolder(each);
    const file = joined(writeOnnx({ ...held, config }, version));
    const [onGpu, onCpu] = await Promise.all(
      ['onnx on webgpu', 'onnx'].map((worker) =>
        page.evaluate(
          async ({ url, worker, config, file, texts }) => {
            const runtime = new Worker(url, { type: 'module', name: worker });
            const said = (): Promise<unknown> =>
              new Promise((resolve) => {
                runtime.onmessage = ({ data }) => {
                  resolve(data);
                };
              });
            await said();
            const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
            const logits: number[] = [];
            for (const question of [
              { type: 'open', name: 'one', file: bytes, config },
              ...texts.map((tokens) => ({ type: 'read', name: 'one', tokens })),
            ]) {
              runtime.postMessage(question);
              const answer = (await said()) as { logits?: Float32Array; failure?: unknown };
              if (answer.logits === undefined) throw new Error(JSON.stringify(answer.failure));
              logits.push(...answer.logits);
            }
            runtime.terminate();
            return logits;
          },
          {
            url: script?.url() ?? '',
            worker,
            config,
            file: Buffer.from(file).toString('base64'),
            // The second goes on from the first: through the KV cache.
            texts: prompts
              .map((text) => held.tokenizer.encode(text))
              .flatMap((tokens) => [tokens.slice(0, -1), tokens]),
          },
        ),
      ),
    );
    expect(onGpu?.length, each).toBe(2 * prompts.length * config.vocab_size);
    const worst = Math.max(...(onGpu ?? []).map((logit, at) => Math.abs(logit - (onCpu?.[at] ?? NaN))));
    expect(worst, each).toBeLessThanOrEqual(1e-4);
    expect(worst, `${each}: the very same bits would be the CPU's`).toBeGreaterThan(0);
  }
  expect(complaints).toEqual([]);
  await page.close();
});
