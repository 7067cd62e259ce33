import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exportMetrics, launch, newPage, query, reaches, openedLab, tiny, waitForStep } from './lab.ts';

const lab = openedLab();

describe('a link with nonsense', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['a number out of range', { learningRate: '2' }, ['“learningRate”', '2', 'from 1e-7 to 0.1']],
    ['NaN', { temperature: 'NaN' }, ['“temperature”', 'NaN', 'from 0.1 to 3']],
    ['an unknown setting', { learnRate: '1' }, ['"learnRate"', 'learningRate']],
  ])('%s is named with what is allowed, and the default opens', async (_, settings, words) => {
    const { page } = await newPage(lab.browser);
    await page.goto(`${lab.host.address}${query(settings)}`);
    const notice = page.getByRole('alert').filter({ hasText: 'The link can’t be opened' });
    await notice.waitFor();
    for (const word of words) expect(await notice.textContent()).toContain(word);
    expect(await page.getByRole('combobox', { name: 'Preset' }).inputValue()).toBe('entropy');
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await notice.waitFor({ state: 'detached' });
    // What was typed is still in the address, to be mended there, whatever page is looked at.
    const typed = () => new URL(page.url()).search;
    expect(typed()).toBe(query(settings));
    await page.getByRole('link', { name: 'Guide' }).click();
    await page.getByRole('link', { name: 'Lab', exact: true }).click();
    expect(typed()).toBe(query(settings));
    await page.close();
  });
});

it('a value out of range in a control is refused beside it, stays there to be mended, and the run goes on as it was', async () => {
  const { page } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query(tiny)}`);
  const rate = page.getByRole('textbox', { name: 'Learning rate' });
  const before = await rate.inputValue();
  for (const [typed, words] of [
    ['7', 'from 1e-7 to 0.1'],
    ['0,05', 'Numbers are written with a point: 0.05.'],
  ] as const) {
    await rate.fill(typed);
    await rate.press('Enter');
    const refusal = page.getByRole('alert').filter({ hasText: '“Learning rate” can’t be' });
    await refusal.filter({ hasText: words }).waitFor();
    await rate.blur();
    expect(await rate.inputValue()).toBe(typed);
    expect(await rate.getAttribute('aria-invalid')).toBe('true');
  }
  // Given up, the field shows what is in force; a good value takes its place at once.
  await rate.press('Escape');
  expect(await rate.inputValue()).toBe(before);
  expect(await page.getByRole('alert').count()).toBe(0);
  await rate.fill('7');
  await rate.press('Enter');
  await rate.fill('0.05');
  await rate.press('Enter');
  expect(await rate.inputValue()).toBe('0.05');
  expect(await page.getByRole('alert').count()).toBe(0);
  await page.close();
});

describe('a base model that can’t be loaded', () => {
  const weights = readFileSync('public/models/sort-32/model.safetensors');

  it.each<[string, { status?: number; body: Buffer | string }, string]>([
    ['cut short', { body: weights.subarray(0, 50_000) }, 'model.safetensors'],
    ['missing', { status: 404, body: '' }, '404'],
  ])('%s: named with a remedy, and nothing can be trained', async (_, answer, words) => {
    const { page } = await newPage(lab.browser);
    await page.route('**/sort-32/model.safetensors', (route) => route.fulfill(answer));
    await page.goto(`${lab.host.address}${query(tiny)}`);
    const panel = page.getByRole('alert').filter({ hasText: 'Not started' });
    await panel.waitFor();
    expect(await panel.textContent()).toContain(words);
    expect(await panel.getByRole('paragraph').count()).toBeGreaterThan(1);
    expect(await page.getByRole('button', { name: 'Train' }).isDisabled()).toBe(true);

    await page.unroute('**/sort-32/model.safetensors');
    await panel.getByRole('button', { name: 'Try again' }).click();
    await reaches(page, 'Ready to train');
    await page.close();
  });
});

describe('without WebGPU', () => {
  it.each<[string, readonly string[], (address: string) => string, string]>([
    ['no adapter', ['--disable-gpu'], (address) => address, 'WebGPU'],
    [
      'an address that is not secure',
      ['--host-resolver-rules=MAP lab.test 127.0.0.1'],
      (address) => address.replace('127.0.0.1', 'lab.test'),
      'over https or on localhost',
    ],
  ])('%s: says so, with what to do', async (_, args, addressOf, words) => {
    const poor = await launch(args);
    const { page } = await newPage(poor, false);
    await page.goto(`${addressOf(lab.host.address)}${query(tiny)}`);
    await reaches(page, 'No WebGPU');
    const panel = page.getByRole('alert').filter({ hasText: 'no WebGPU' });
    expect(await panel.textContent()).toContain(words);
    expect(await panel.textContent()).toMatch(/Chrome \(yours\).*Version 113/);
    for (const name of ['Train', 'Step', 'Reset', 'Take the tour']) {
      expect(await page.getByRole('button', { name, exact: true }).count(), name).toBe(0);
    }
    await poor.close();
  });

  it('recorded runs are looked at in the same charts, timeline and rollouts, and say that they are recorded', async () => {
    const poor = await launch(['--disable-gpu']);
    const { page, complaints } = await newPage(poor);
    await page.goto(lab.host.address);
    const cards = page.getByRole('region', { name: 'Lanes' });
    await cards.getByText('collapsed at 110').waitFor();
    await page.getByText('recorded', { exact: true }).first().waitFor();
    await page.locator('#chart-eval .live-chart').waitFor();
    // The prompt, and the step that is the nearest before: rollouts of some steps are recorded alone.
    const rollouts = page.getByRole('region', { name: /SRT/ }).filter({ has: page.getByRole('table') });
    await rollouts.getByText('step 600 · prompt 1 of 8').waitFor();
    await page.getByRole('slider', { name: 'Step shown' }).fill('131');
    await rollouts.getByText('step 120 · prompt 1 of 8').waitFor();
    await rollouts.getByRole('button', { name: 'Next prompt' }).click();
    await rollouts.getByText('step 120 · prompt 2 of 8').waitFor();
    await page.getByRole('radio', { name: /^M-GRPO/ }).check({ force: true });
    await page
      .getByRole('region', { name: /^M-GRPO/ })
      .getByText('step 120 · prompt 2 of 8')
      .waitFor();
    expect(await page.getByRole('textbox', { name: 'Learning rate' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: /^Fork/ }).isDisabled()).toBe(true);
    // Nor does any knob say when it would act, or whom it would reach.
    expect(await page.locator('.applies, .reach').count()).toBe(0);
    await page.getByRole('combobox', { name: 'Recorded preset' }).selectOption('duel');
    await cards.getByText('collapsed at 80').waitFor();
    await page.getByRole('checkbox', { name: 'hide truth' }).check();
    await expect.poll(() => cards.getByText('collapsed at 80').count()).toBe(0);
    expect(complaints.filter((each) => !each.includes('WebGPU'))).toEqual([]);
    await poor.close();
  });
});

it.each(['', 'dist/'])('opened from a file, %sindex.html says what to do', async (folder) => {
  const { page } = await newPage(lab.browser);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(pathToFileURL(`${folder}index.html`).href);
  await page.getByText('This page was opened from a file.').waitFor();
  // Without its style sheets it is light on dark, where all is dark.
  const words = await page.evaluate(() => getComputedStyle(document.body).color);
  expect(words).toBe('rgb(255, 255, 255)');
  expect(await page.getByText('npm start').isVisible()).toBe(true);
  await page.close();
});

it('a device lost under way is replaced, and every lane goes on from its newest checkpoint', async () => {
  const own = await launch();
  const { page } = await newPage(own);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000', checkpointEvery: '2' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 5);
  // Ends the GPU process, as a driver that crashes does.
  await (await own.newBrowserCDPSession()).send('Browser.crashGpuProcess');
  const notice = page.getByRole('alert').filter({ hasText: 'The GPU device was lost' });
  await notice.waitFor();
  expect(await notice.textContent()).toContain('goes on from its newest checkpoint');
  await waitForStep(page, 12);
  const { lanes } = await exportMetrics(page);
  // No step is missing, and none is there twice.
  for (const rows of lanes) expect(rows.map(({ step }) => step)).toEqual(rows.map((_, step) => step));
  await own.close();
});
