import type { Locator, Page } from 'playwright-core';
import { createServer } from 'vite';
import { expect, it } from 'vitest';
import { exportMetrics, newPage, query, reaches, openedLab, stepsMade, tiny, waitForStep } from './lab.ts';
import { isOwn } from './outside.ts';

const lab = openedLab();

/** The lab, ready to train tiny lanes for as long as a test needs. */
async function labPage(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await newPage(lab.browser);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  return { page, complaints };
}

/** The button that opens a text's dialog, by keyboard; its group is unfolded. */
async function openDialog(page: Page, name: string): Promise<Locator> {
  const opener = page.getByRole('button', { name, exact: true });
  if (!(await opener.isVisible())) await page.getByText('Task and model', { exact: true }).click();
  await opener.press('Enter');
  const dialog = page.getByRole('dialog', { name });
  await editor(dialog).waitFor();
  return dialog;
}

const editor = (dialog: Locator): Locator => dialog.getByRole('textbox');
const verdict = (dialog: Locator, words: string | RegExp): Locator =>
  dialog.getByRole('status').filter({ hasText: words });
const use = (dialog: Locator): Locator => dialog.getByRole('button', { name: 'Use' });

/** Pastes a text in the place of what the editor has. */
async function paste(dialog: Locator, text: string): Promise<void> {
  const page = dialog.page();
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await editor(dialog).focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('ControlOrMeta+v');
}

/** Drops a file on the editor, as a desktop does. */
async function drop(dialog: Locator, name: string, text: string): Promise<void> {
  const dataTransfer = await dialog.page().evaluateHandle(
    ([file, contents]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([contents], file));
      return transfer;
    },
    [name, text] as const,
  );
  await editor(dialog).dispatchEvent('dragover', { dataTransfer });
  await editor(dialog).dispatchEvent('drop', { dataTransfer });
}

async function trainTo(page: Page, step: number): Promise<void> {
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, step);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
}

/** What the address says of a setting; the page writes it soon after. */
const inLink = (page: Page, key: string): string | null => new URL(page.url()).searchParams.get(key);

/** Thirty numbers of two digits to sort. */
const prompts = Array.from({ length: 30 }, (_, i) => `${String(10 + 3 * i)}=`);
const answered = prompts
  .map((prompt) =>
    JSON.stringify({
      prompt,
      answer: Array.from(prompt.slice(0, 2))
        .toSorted((a, b) => +a - +b)
        .join(''),
    }),
  )
  .join('\n');
const unanswered = prompts
  .slice(0, 20)
  .map((prompt) => JSON.stringify({ prompt }))
  .join('\n');

it('prompts of one’s own are pasted, dropped, refused by line, trained on, and are there after a reload', async () => {
  const { page, complaints } = await labPage();
  const before = page.url();
  let dialog = await openDialog(page, 'Own prompts');

  // A bad line is refused with its number and rule, and marked; what was pasted can be given up.
  await paste(dialog, answered.replace('"16="', '"16x"'));
  await verdict(dialog, /Line 3 of “Own prompts”: "prompt" has the character "x"/).waitFor();
  await expect
    .poll(() => dialog.locator('.own-fault-line').allTextContents())
    .toEqual([answered.split('\n')[2]?.replace('=', 'x')]);
  await expect.poll(() => use(dialog).isDisabled()).toBe(true);
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Discard' }).press('Enter');
  await dialog.waitFor({ state: 'detached' });
  const opener = page.getByRole('button', { name: 'Own prompts', exact: true });
  await expect.poll(() => opener.textContent()).toBe('Write…');
  await expect.poll(() => opener.evaluate((button) => button === document.activeElement)).toBe(true);
  expect(page.url()).toBe(before);

  dialog = await openDialog(page, 'Own prompts');
  await paste(dialog, answered);
  await verdict(dialog, '30 prompts, all with answers: 27 to train on, 3 held out.').waitFor();
  await use(dialog).click();
  await dialog.waitFor({ state: 'detached' });
  await reaches(page, 'Ready to train');
  await expect.poll(() => opener.textContent()).toBe('Edit 30 lines…');
  const task = page.getByRole('combobox', { name: 'Task', exact: true });
  await expect.poll(() => task.inputValue()).toBe('custom');
  await trainTo(page, 3);
  const solved = await exportMetrics(page);
  for (const { settings } of solved.headers)
    expect(settings).toMatchObject({ task: 'custom', prompts: answered });
  for (const rows of solved.lanes) expect(rows.at(-1)?.['truth/accuracy']).toBeGreaterThanOrEqual(0);

  // Others from a file, without answers: a file too large is not read, and the question before steps are lost is asked.
  dialog = await openDialog(page, 'Own prompts');
  await drop(dialog, 'large.jsonl', ' '.repeat(400_001));
  await verdict(dialog, 'large.jsonl has 400001 bytes, but prompts may have 100000 characters.').waitFor();
  expect(await editor(dialog).textContent()).toContain('"10="');
  await drop(dialog, 'mine.jsonl', `${unanswered}\n`);
  await verdict(
    dialog,
    '20 prompts, without answers: 18 to train on, 2 held out. Nothing can be said of the truth.',
  ).waitFor();
  await use(dialog).click();
  const question = page.getByRole('alertdialog', { name: 'Own prompts edited (20 lines)' });
  await question.getByRole('button', { name: 'Restart' }).click();
  // Both lanes, one after the other.
  await reaches(page, 'Ready to train');
  await expect.poll(() => stepsMade(page)).toBe(0);
  await expect.poll(() => inLink(page, 'prompts')).toBe(unanswered);

  await page.reload();
  await reaches(page, 'Ready to train');
  await trainTo(page, 2);
  const { headers, lanes } = await exportMetrics(page);
  for (const { settings } of headers) expect(settings).toMatchObject({ task: 'custom', prompts: unanswered });
  for (const rows of lanes) {
    expect(rows.at(-1)?.['reward/mean']).toBeGreaterThanOrEqual(0);
    for (const row of rows) expect(Object.keys(row).filter((id) => /^(truth|eval)\//.test(id))).toEqual([]);
  }
  expect(complaints).toEqual([]);
  await page.close();
});

it('a dialog opens on the page of `npm run dev`, too, where React mounts everything twice', async () => {
  const server = await createServer({ logLevel: 'error', server: { host: '127.0.0.1' } });
  await server.listen();
  const address = server.resolvedUrls?.local[0] ?? '';
  isOwn(address);
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${address}${query(tiny)}`);
  const dialog = await openDialog(page, 'Own reward');
  await expect.poll(() => editor(dialog).evaluate((each) => each === document.activeElement)).toBe(true);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.close();
  await server.close();
});

/** No algorithm's own reward lies from 4 to 5. */
const generous = `// Keys that the page has a use for: s, r and Space.
function reward({ answer }) {
  return answer === null ? 4 : 5;
}`;

it('a reward of one’s own is tried while it is written, is trained with, and is part of link and export', async () => {
  const { page, complaints } = await labPage();
  let dialog = await openDialog(page, 'Own reward');
  await dialog.getByRole('combobox', { name: 'Start from an example' }).selectOption('Partial credit');
  await verdict(dialog, /It works on \d+ rollouts\./).waitFor();
  const tried = dialog.getByRole('table', { name: /Tried on: worked examples/ });
  await expect.poll(() => tried.getByRole('row').count()).toBeGreaterThan(3);

  await editor(dialog).focus();
  await page.keyboard.press('ControlOrMeta+a');
  // Written by hand: brackets and indentation are the writer's own.
  await page.keyboard.type('const reward = ({ answer }) => (answer === null ? 4 : 5);');
  await expect.poll(() => tried.getByRole('cell', { name: /^[45]$/ }).count()).toBeGreaterThan(3);
  await paste(dialog, generous);
  await verdict(dialog, /It works on \d+ rollouts\./).waitFor();
  expect(await stepsMade(page)).toBe(0);
  await use(dialog).press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => inLink(page, 'rewardCode')).toBe(generous);

  await page.reload();
  await reaches(page, 'Ready to train');
  await trainTo(page, 3);
  const { headers, lanes } = await exportMetrics(page);
  expect(headers).toHaveLength(2);
  for (const { settings } of headers) expect(settings).toMatchObject({ rewardCode: generous });
  for (const row of lanes.flatMap((rows) => rows.slice(1))) {
    expect(row['reward/mean']).toBeGreaterThanOrEqual(4);
    expect(row['reward/mean']).toBeLessThanOrEqual(5);
  }

  // Without it, from the next step on: the algorithm's own.
  dialog = await openDialog(page, 'Own reward');
  await paste(dialog, '\n');
  await page.keyboard.press('Backspace');
  await verdict(dialog, 'Empty: the algorithm’s own reward.').waitFor();
  await use(dialog).click();
  const reached = await stepsMade(page);
  await trainTo(page, reached + 2);
  const after = await exportMetrics(page);
  for (const rows of after.lanes) {
    for (const row of rows.slice(reached + 1)) expect(row['reward/mean']).toBeLessThanOrEqual(1);
  }
  await expect.poll(() => inLink(page, 'rewardCode')).toBeNull();
  expect(complaints).toEqual([]);
  await page.close();
});

/** A reward whose third line is this one. */
const thirdLine = (line: string): string =>
  `// Mine.\nfunction reward({ answer, agreement }) {\n  ${line}\n  return 1;\n}`;

it('a reward that can’t be used is said so in its line, and one that fails in a step pauses the run', async () => {
  const { page } = await labPage();
  let dialog = await openDialog(page, 'Own reward');
  for (const [line, sentence] of [
    ['let x = ;', /^Line 3\. SyntaxError: /],
    ["throw new Error('no such luck');", /^Line 3\. Error: no such luck\./],
    // Whichever limit comes first on a machine this busy.
    [
      'while (true);',
      /^(Line \d\. )?InternalError: interrupted \(ten million jumps|^It took longer than 2 seconds, and was ended\./,
    ],
    // One call of the language's own, which nothing but the end of its worker stops.
    ['[].indexOf.call({ length: 2 ** 53 }, 1);', /^It took longer than 2 seconds, and was ended\./],
    ["fetch('https://example.org');", /^Line 3\. ReferenceError: 'fetch' is not defined\./],
    ['Date.now();', /^Line 3\. ReferenceError: there is no clock \(Date\) here/],
    ['Math.random();', /^Line 3\. ReferenceError: there is no chance \(random\) here/],
  ] as const) {
    await paste(dialog, thirdLine(line));
    await verdict(dialog, sentence).waitFor();
    await expect.poll(() => use(dialog).isDisabled(), { message: line }).toBe(true);
    const named = /^Line (\d)/.exec((await dialog.getByRole('status').textContent()) ?? '')?.[1];
    const marked = named === undefined ? [] : [thirdLine(line).split('\n')[Number(named) - 1]];
    await expect
      .poll(() => dialog.locator('.own-fault-line').allTextContents(), { message: line })
      .toEqual(marked);
  }
  expect(inLink(page, 'rewardCode')).toBeNull();

  // Its fault shows only where rollouts disagree: the worked examples it is tried on don't.
  await paste(dialog, thirdLine('while (agreement !== 1);'));
  await verdict(dialog, /It works on \d+ rollouts\./).waitFor();
  await use(dialog).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Train' }).click();
  const notice = page.getByRole('alert').filter({ hasText: 'Own reward failed' });
  await notice.waitFor();
  expect(await notice.textContent()).toContain('interrupted (ten million jumps of loops and calls in a step');
  await reaches(page, 'Paused');
  const reached = await stepsMade(page);

  dialog = await openDialog(page, 'Own reward');
  await paste(dialog, thirdLine(''));
  await verdict(dialog, /It works on|there are no rollouts yet/).waitFor();
  await use(dialog).click();
  await dialog.waitFor({ state: 'detached' });
  await trainTo(page, reached + 2);
  const { lanes } = await exportMetrics(page);
  for (const rows of lanes) expect(rows.map(({ step }) => step)).toEqual(rows.map((_, step) => step));
  await page.close();
});
