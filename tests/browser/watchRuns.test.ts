import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { newPage, openedLab } from './lab.ts';

// What the page Watch draws of runs that break, stop and go on, and how it follows files on disk.

const lab = openedLab();

async function watchPage(): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}#watch`);
  await page.getByRole('heading', { name: 'Watch your own run' }).waitFor();
  return { page, complaints };
}

/** Rows of a run whose reward rises. @param what of a row, where it is not as in all others */
const lines = (from: number, to: number, what: object = {}): string =>
  Array.from({ length: to - from }, (_, i) => {
    const step = from + i;
    const row = { step, reward: 0.2 + step / 100 + 0.01 * (step % 3), entropy: 1, grad_norm: 0.5, ...what };
    return `${JSON.stringify(row)}\n`;
  }).join('');

const choose = (page: Page, text: string): Promise<void> =>
  page
    .getByLabel('Logs of training runs')
    .setInputFiles({ name: 'run.jsonl', mimeType: '', buffer: Buffer.from(text) });

interface Path {
  readonly faint: boolean;
  /** Pieces that are drawn without a break. */
  readonly pieces: number;
  /** Pixels. */
  readonly right: number;
}

/** The curves of a chart, as they are drawn. */
const pathsOf = (page: Page, chart: string): Promise<readonly Path[]> =>
  page
    .getByRole('figure', { name: chart })
    .locator('.curves path[fill="none"]')
    .evaluateAll((paths) =>
      paths.map((path) => {
        const { x, width } = (path as SVGPathElement).getBBox();
        const pieces = (path.getAttribute('d') ?? '').split('M').length - 1;
        return { faint: path.getAttribute('stroke-opacity') !== '1', pieces, right: x + width };
      }),
    );

/** Puts the smoothing of all charts away: what is measured is drawn alone. */
async function unsmoothed(page: Page): Promise<void> {
  await page.getByLabel('Smoothing').selectOption('0');
}

it('what is not finite is a gap in the curve, and a mark in every chart that the cursor reads out', async () => {
  const { page, complaints } = await watchPage();
  await choose(page, lines(1, 20) + lines(20, 25, { entropy: 'NaN' }) + lines(25, 40));
  await page.getByRole('article', { name: 'run' }).getByText('39 rows, steps 1 to 39').waitFor();
  await unsmoothed(page);
  await expect.poll(async () => (await pathsOf(page, 'Entropy')).map(({ pieces }) => pieces)).toEqual([2]);
  expect((await pathsOf(page, 'Reward')).map(({ pieces }) => pieces)).toEqual([1]);
  const words = 'run, not finite from step 20 to 24: Policy entropy';
  for (const chart of ['Entropy', 'Reward', 'Update'])
    expect(
      await page.getByRole('figure', { name: chart }).locator('.mark.gap title').allTextContents(),
    ).toEqual([words]);
  const cursor = page.getByRole('slider', { name: 'Reward: step under the cursor' });
  await cursor.focus();
  await page.keyboard.press('Home');
  for (let step = 0; step < 20; step++) await page.keyboard.press('ArrowRight');
  await expect.poll(() => cursor.getAttribute('aria-valuetext')).toContain(words);
  expect(complaints).toEqual([]);
  await page.close();
});

it('what a resumed run left behind goes on faintly beyond the run', async () => {
  const { page, complaints } = await watchPage();
  await choose(page, lines(1, 61) + lines(41, 51, { entropy: 0.9 }));
  const card = page.getByRole('article', { name: 'run' });
  await card.getByText(/10 steps come twice/).waitFor();
  await card.getByText('What was left behind, steps 41 to 60, is drawn faintly and not judged.').waitFor();
  await unsmoothed(page);
  await expect
    .poll(async () => (await pathsOf(page, 'Reward')).map(({ faint }) => faint))
    .toEqual([true, false]);
  const [left, run] = await pathsOf(page, 'Reward');
  expect(left?.right).toBeGreaterThan((run?.right ?? Infinity) + 20);
  expect(complaints).toEqual([]);
  await page.close();
});

it('a column that is taken for the truth is none once that is said: verdict and chart follow', async () => {
  const { page, complaints } = await watchPage();
  await page
    .getByLabel('Logs of training runs')
    .setInputFiles('tests/fixtures/logs/trl/grpo-srt-collapse/trainer_state.json.gz');
  const card = page.getByRole('article');
  await card
    .getByText(/^collapsed/)
    .first()
    .waitFor();
  await page.getByRole('figure', { name: 'Reward against truth' }).waitFor();
  await card.getByRole('button', { name: 'It is not the truth' }).press('Enter');
  await page.getByRole('figure', { name: 'Reward', exact: true }).waitFor();
  await card.getByText('is taken for the truth').waitFor({ state: 'detached' });
  await expect.poll(() => card.getAttribute('data-state')).not.toBe('collapsed');
  expect(complaints).toEqual([]);
  await page.close();
});

/** Drops files of the disk as a desktop does: they can be read again. */
async function drop(page: Page, target: Locator, files: readonly string[]): Promise<void> {
  const box = await target.boundingBox();
  if (box === null) throw new Error('There is nothing to drop on.');
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
}

it('a file of the disk that is dropped is followed while another process writes it; a verdict that turns is notified', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-followed-'));
  const file = join(folder, 'run.jsonl');
  writeFileSync(file, lines(1, 30));
  const { page, complaints } = await watchPage();
  await page.context().grantPermissions(['notifications']);
  await page.evaluate(() => {
    // Whether the desktop shows one is the browser's business: what it is asked for is kept.
    const asked: string[] = [];
    const kept = function (title: string, { body = '' }: NotificationOptions = {}) {
      asked.push(`${title} | ${body}`);
    };
    Object.assign(window, { asked, Notification: Object.assign(kept, { permission: 'granted' }) });
  });
  await drop(page, page.getByRole('button', { name: /Drop logs here/ }), [file]);
  const card = page.getByRole('article', { name: 'run' });
  await card.getByText('29 rows, steps 1 to 29').waitFor();
  await page.getByRole('list', { name: 'Followed' }).getByText('live').waitFor();
  await page.getByText('A notification comes when a verdict turns.').waitFor();

  appendFileSync(file, lines(30, 40));
  await card.getByText('39 rows, steps 1 to 39').waitFor();
  appendFileSync(file, lines(40, 46, { reward: 'NaN', entropy: 'NaN', grad_norm: 'NaN' }));
  await page.getByRole('status').filter({ hasText: 'run: warning. Not finite since step 40' }).waitFor();
  const asked = await page.evaluate(() => (window as unknown as { asked: string[] }).asked);
  expect(asked).toEqual([expect.stringMatching(/^run: warning \| Not finite since step 40/)]);

  // It is gone, and comes back.
  rmSync(file);
  await page.getByText(/can’t be read/).waitFor();
  writeFileSync(file, lines(1, 50));
  await card.getByText('49 rows, steps 1 to 49').waitFor();
  expect(complaints).toEqual([]);
  await page.close();
  rmSync(folder, { recursive: true });
});

it('axe has no complaint while something is followed, has turned, and is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lab-followed-'));
  const file = join(folder, 'run.jsonl');
  writeFileSync(file, lines(1, 61) + lines(41, 51, { entropy: 0.9 }));
  const { page } = await watchPage();
  await page.evaluate(axe.source);
  const violations = (): Promise<string[]> =>
    page.evaluate(async () => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      const { violations: found } = await axe.run('main');
      return found.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
      );
    });
  await drop(page, page.getByRole('button', { name: /Drop logs here/ }), [file]);
  const card = page.getByRole('article', { name: 'run' });
  await card.getByText('10 steps come twice').waitFor();
  await page.getByRole('list', { name: 'Followed' }).getByText('live').waitFor();
  expect(await violations()).toEqual([]);
  appendFileSync(file, lines(51, 60, { reward: 'NaN', entropy: 'NaN', grad_norm: 'NaN' }));
  await page.getByRole('status').filter({ hasText: 'run: warning' }).waitFor();
  rmSync(file);
  await page.getByText(/can’t be read/).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await violations()).toEqual([]);
  }
  await page.close();
  rmSync(folder, { recursive: true });
});
