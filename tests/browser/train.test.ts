import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import axe from 'axe-core';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { openAdapter } from '../../src/model/pretrained/adapter.ts';
import { openPretrained } from '../../src/model/pretrained/pretrained.ts';
import { command, runsIn, timeless } from '../invariants/commandLine.ts';
import { eventually, newPage, openedLab } from './lab.ts';

// The page Model trains an adapter: as the command does, to the bit; saved, compared, let go.

const model = 'public/models/sort-64-early';
const lab = openedLab();
const folder = mkdtempSync(join(tmpdir(), 'lab-train-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const path = (name: string) => join(folder, name);

const digits = ['5314', '9081', '6635', '2718', '4067', '8123', '1907', '3350'];
const prompts = digits
  .map((of) => JSON.stringify({ prompt: `${of}=`, answer: of.split('').sort().join('') }))
  .join('\n');

/** A page with the model open, prompts given, and training unfolded. */
async function trainPage(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}#model`);
  await page.getByLabel('Model: a Hugging Face folder').setInputFiles(model);
  await page.getByText(/qwen3, \d+,\d+ parameters/).waitFor();
  await page.getByLabel('Prompts, one a line').fill(prompts);
  await page.getByRole('button', { name: 'Train an adapter' }).click();
  await page.getByText(/GPU memory: .* the update /).waitFor();
  return { page, complaints };
}

const knobs = (page: Page) => page.getByRole('region', { name: 'Train an adapter' });

async function knob(page: Page, label: string, value: string): Promise<void> {
  const field = knobs(page).getByRole('textbox', { name: label, exact: true });
  await field.fill(value);
  await field.press('Enter');
}

async function choose(page: Page, steps: string): Promise<void> {
  await knobs(page).getByText('more knobs').click();
  await knobs(page).getByRole('combobox', { name: 'Algorithm', exact: true }).selectOption('m-grpo');
  for (const [label, value] of [
    ['Steps', steps],
    ['Learning rate', '0.01'],
    ['Group size G', '4'],
    ['Prompts per step B', '2'],
    ['Samples per prompt', '1'],
  ] as const)
    await knob(page, label, value);
  await knobs(page).getByLabel('rank', { exact: true }).fill('2');
  await knobs(page).getByLabel('in flight', { exact: true }).fill('8');
  await knobs(page).getByLabel('answers by').selectOption('#…');
  await page
    .getByText(/7 prompts to train on, 1 held out, all with an answer\. [\d,]+ numbers, rank 2\./)
    .waitFor();
}

it('two steps are those of npm run lora, to the bit; the adapter is saved as PEFT reads it, and compared with its base', async () => {
  const { page, complaints } = await trainPage();
  await choose(page, '2');
  await knobs(page).getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('All 2 steps are made. The adapter of step 2 is in no file yet.').waitFor();

  const [record] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Record as JSON lines' }).click(),
  ]);
  const [zip] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save adapter' }).click(),
  ]);
  await page.getByText('The adapter of step 2 is in a file.').waitFor();
  expect(zip.suggestedFilename()).toBe('m-grpo-LoRA-r-2-on-sort-64-early-step-2.zip');
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(await zip.path())))) {
    mkdirSync(path(dirname(name)), { recursive: true });
    writeFileSync(path(name), bytes);
  }
  const saved = 'm-grpo-LoRA-r-2-on-sort-64-early-step-2';
  const { names } = await openPretrained(pretrainedFolder(model));
  const { config } = await openAdapter(pretrainedFolder(path(`${saved}/anchor`)), names);
  expect(config).toMatchObject({ rank: 2, alpha: 4 });

  const [here] = runsIn(await record.path());
  if (here === undefined) throw new Error('a run');
  writeFileSync(path('prompts.jsonl'), `${prompts}\n`);
  const settings = Object.entries(here.settings).filter(([key]) =>
    ['algorithm', 'steps', 'learningRate', 'groupSize', 'promptsPerStep', 'evalSamples'].includes(key),
  );
  const flags = settings.flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const said = await command(
    ...['lora', '--model', model, '--prompts', path('prompts.jsonl'), '--answer', '#…', ...flags],
    ...['--rank', '2', '--rows', '8', '--save', path('there'), '--out', path('there.jsonl')],
  );
  expect(said).toMatchObject({ code: 0, stderr: '' });
  const [there] = runsIn(path('there.jsonl'));
  if (there === undefined) throw new Error('a run');
  expect(here.settings).toEqual(there.settings);
  expect(here.rows.map(({ step }) => step)).toEqual([0, 1, 2]);
  expect(timeless({ ...here, summary: null })).toEqual(timeless({ ...there, summary: null }));
  for (const file of ['adapter_model.safetensors', 'anchor/adapter_model.safetensors'])
    expect(readFileSync(path(`${saved}/${file}`))).toEqual(readFileSync(path(`there/${file}`)));

  // A vote of the last step, and no fault that a screen reader would meet.
  await page.getByText(/step 2 · prompt 1 of 2/).waitFor();
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: run } = window as unknown as { axe: typeof import('axe-core') };
    const { violations: found } = await run.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
    });
    return found.map(({ id, nodes }) => `${id} ${nodes[0]?.failureSummary ?? ''}`);
  });
  expect(violations).toEqual([]);

  await page.getByRole('button', { name: 'Compare with the base' }).click();
  await page.getByText(/an adapter of rank 2 on q_proj/).waitFor();
  await page.getByLabel('completions each', { exact: true }).fill('2');
  await page.getByLabel('tokens at most', { exact: true }).fill('6');
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  await eventually(async () => {
    expect(await ask.isEnabled()).toBe(true);
  });
  await ask.click();
  await page.getByText(/KL\(sort-64-early ‖ sort-64-early \+ adapter of step 2\)/).waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

it('is forked with other knobs: beside the run that it came from, and what a replay of its record gives', async () => {
  const { page, complaints } = await trainPage();
  await choose(page, '2');
  await knobs(page).getByRole('combobox', { name: 'Algorithm', exact: true }).selectOption('srt');
  await knobs(page).getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('All 2 steps are made.').waitFor();
  const fork = async () => {
    await knobs(page).getByRole('button', { name: 'Fork', exact: true }).click();
    const question = page.getByRole('alertdialog', { name: 'Fork at step 2' });
    await question.getByText(/discards the adapter of 2 steps, which was not saved\.$/).waitFor();
    await question.getByRole('button', { name: 'Fork at step 2' }).click();
  };
  await fork();
  await page
    .getByText('The run has made 2 steps there, and 2 are wanted. Raise Steps, or fork at an earlier step.')
    .waitFor();
  await knob(page, 'Steps', '3');
  await knobs(page).getByRole('combobox', { name: 'Algorithm', exact: true }).selectOption('m-grpo');
  await fork();
  await page.getByText('All 3 steps are made. The adapter of step 3 is in no file yet.').waitFor();
  const name = 'srt, LoRA r 2 on sort-64-early';
  await page
    .getByRole('article', { name: 'm-grpo, LoRA r 2 on sort-64-early, forked at 2', exact: true })
    .waitFor();

  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Record as JSON lines' }).click(),
  ]);
  const record = await file.path();
  const [forked, parent] = runsIn(record);
  expect(parent).toMatchObject({ name, origin: null, changes: [] });
  expect(forked?.origin).toEqual({ name, step: 2 });
  expect(forked?.changes).toEqual([
    { step: 2, by: 'checkpoint', changes: { algorithm: 'm-grpo', steps: 3 } },
  ]);
  expect(forked?.rows.slice(0, 3)).toEqual(parent?.rows);
  expect(forked?.rows.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  writeFileSync(path('forked.jsonl'), `${prompts}\n`);
  const replayed = await command('replay', record, '--model', model, '--prompts', path('forked.jsonl'));
  expect(replayed).toMatchObject({ code: 0, stderr: '' });
  expect(replayed.stdout).toContain(
    '3 steps with 1 changes on the way, every metric as recorded, bit for bit',
  );
  expect(replayed.stdout).toContain(`${name}: 2 steps, every metric as recorded, bit for bit`);
  expect(complaints).toEqual([]);
  await page.close();
});

it('rests, takes a live change, is stopped and goes on; what would lose it asks', async () => {
  const { page, complaints } = await trainPage();
  await choose(page, '500');
  await page.getByText(/ a step, with completions as long as they may be\./).waitFor();
  await knobs(page).getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText(/^Step [2-9] of 500, .* s a step/).waitFor();
  await knobs(page).getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/^Paused at step \d+ of 500/).waitFor();
  await page
    .getByText(/^[\d.]+ s a step without evaluation; measured before: .* for as much work, /)
    .waitFor();
  // The device is the run's alone; knobs of another run are not to be touched.
  expect(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
  expect(await knobs(page).getByRole('textbox', { name: 'Group size G' }).isDisabled()).toBe(true);
  await knob(page, 'Learning rate', '0.002');
  await knobs(page).getByRole('button', { name: 'Go on' }).click();
  await page.getByText(/^Step \d+ of 500/).waitFor();
  await page.getByRole('button', { name: 'Close sort-64-early' }).click();
  const question = page.getByRole('alertdialog', { name: 'Close sort-64-early' });
  await question.getByText(/discards the adapter of \d+ steps, which was not saved/).waitFor();
  await question.getByRole('button', { name: 'Keep this run' }).click();
  await knobs(page).getByRole('button', { name: 'Stop' }).click();
  await page.getByText(/^Stopped at step \d+\. The adapter of step \d+ is in no file yet\./).waitFor();

  const [record] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Record as JSON lines' }).click(),
  ]);
  const [run] = runsIn(await record.path());
  expect(run?.changes).toMatchObject([{ by: 'reader', changes: { learningRate: 0.002 } }]);
  const stopped = run?.rows.at(-1)?.step ?? NaN;
  expect(run?.rows.at(-1)?.['optim/lr']).toBeLessThanOrEqual(0.002);

  await knobs(page)
    .getByRole('button', { name: `Go on from step ${String(stopped)}` })
    .click();
  await page.getByText(new RegExp(`^Step ${String(stopped + 1)} of 500`)).waitFor();

  // A device that is lost takes the steps since the newest checkpoint with it, and says so.
  const [worker] = (
    await Promise.all(
      page.workers().map(async (each) => ((await each.evaluate(() => self.name)) === 'models' ? [each] : [])),
    )
  ).flat();
  await worker?.evaluate(() => {
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
  // What it went on from is kept at the least.
  const lostWords = page.getByText(/The GPU device was lost: .*The adapter of step \d+ is kept/);
  const kept = /adapter of step (\d+) is kept/.exec((await lostWords.textContent()) ?? '');
  expect(Number(kept?.[1])).toBeGreaterThanOrEqual(stopped);
  await page.getByRole('button', { name: 'Close sort-64-early' }).click();
  const last = page.getByRole('alertdialog', { name: 'Close sort-64-early' });
  const lost = last.getByRole('button', { name: 'Close sort-64-early' });
  const gone = page.getByRole('button', { name: 'Drop a model’s folder here' });
  await lost.or(gone).first().waitFor();
  if (await lost.isVisible()) await lost.click();
  await gone.waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});
