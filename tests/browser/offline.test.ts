import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { filesToKeep } from '../../build/offline.ts';
import { waitMs } from '../patience.ts';
import { openedLab, query, reaches, serveBuilt, tiny, waitForStep, strictPolicy } from './lab.ts';

const lab = openedLab();

/** A host of the built page under the strictest policy and a name of its own: on this machine's own names nothing is kept. */
async function hosted(changed: Map<string, string> = new Map()) {
  const host = await serveBuilt({ 'Content-Security-Policy': strictPolicy }, changed);
  return { ...host, address: host.address.replace('127.0.0.1', 'lab.localhost'), changed };
}

/** A tab of a visitor who was here before. */
async function tab(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
  });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
}

/** Until all files of a build are kept, and the worker that keeps them waits or serves. */
const isKept = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });

it('the page works without a network from the second visit on, whatever its settings, and can be installed', async () => {
  const host = await hosted();
  const context = await lab.browser.newContext();
  const { page, complaints } = await tab(context);
  await page.goto(`${host.address}${query({ ...tiny, steps: '4' })}`);
  await reaches(page, 'Ready to train');
  await isKept(page);
  const cdp = await context.newCDPSession(page);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
  await host.close();

  await page.goto(`${host.address}${query({ ...tiny, steps: '4', seed: '9' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 2);
  // Parts that this tab never loaded.
  for (const name of ['Watch', 'Guide', 'Runs']) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await page.getByRole('main').getByRole('heading').first().waitFor();
  }
  expect(complaints).toEqual([]);
  await context.close();
});

it('on a host without headers the second visit has them all, and workers obey the policy, too', async () => {
  const plain = await serveBuilt();
  const context = await lab.browser.newContext();
  const { page, complaints } = await tab(context);
  await page.goto(`${plain.address.replace('127.0.0.1', 'lab.localhost')}${query(tiny)}`);
  await reaches(page, 'Ready to train');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await isKept(page);
  await page.reload();
  await reaches(page, 'Ready to train');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  const trainer = page.workers().map((worker) =>
    worker.evaluate(
      () =>
        new Promise<string>((resolve) => {
          if (self.name !== 'trainer') resolve('');
          // In a task of its own: what a debugger evaluates may do anything.
          setTimeout(() => {
            try {
              // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- refused
              resolve(String(new Function('return 1')()));
            } catch (error) {
              resolve(String(error));
            }
          });
        }),
    ),
  );
  expect((await Promise.all(trainer)).join('')).toMatch(/^EvalError/);
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 2);
  expect(complaints).toEqual([]);
  await context.close();
  await plain.close();
});

it('a new version is announced and changes nothing; it takes over when that is pressed in the only tab', async () => {
  const host = await hosted();
  const context = await lab.browser.newContext();
  const { page, complaints } = await tab(context);
  await page.goto(`${host.address}${query({ ...tiny, steps: '200' })}`);
  await reaches(page, 'Ready to train');
  await isKept(page);
  await page.reload();
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1);

  // Another build is published.
  const title = '<title>M-GRPO Lab';
  const { kept } = filesToKeep('dist');
  const revision = kept.find(({ url }) => url === 'index.html')?.revision ?? '';
  const [index, worker] = ['index.html', 'serviceWorker.js'].map((name) =>
    readFileSync(`dist/${name}`, 'utf8'),
  );
  host.changed.set('index.html', index?.replace(title, `${title} 2`) ?? '');
  host.changed.set('serviceWorker.js', worker?.replace(revision, '2'.repeat(16)) ?? '');
  const { page: other } = await tab(context);
  await other.goto(`${host.address}${query({ ...tiny, seed: '8' })}`);
  await reaches(other, 'Ready to train');
  // What serves one tab serves all: the new tab has the old version, too.
  expect(await other.title()).toBe('M-GRPO Lab');
  const said = page.getByText('A new version of the lab is there.');
  await said.waitFor();
  await other.getByText('A new version of the lab is there.').waitFor();
  expect(await page.title()).toBe('M-GRPO Lab');

  // Not while another tab has the old one.
  await other.getByRole('button', { name: 'Reload with it' }).click();
  await other.getByText('Other tabs have the old one open: close them first.').waitFor();
  expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(1);
  await other.close();

  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  await page.getByRole('button', { name: 'Reload with it' }).click();
  await expect.poll(() => page.title(), { timeout: waitMs }).toBe('M-GRPO Lab 2');
  // With the run that was there.
  await reaches(page, 'Paused');
  expect(complaints).toEqual([]);
  await context.close();
  await host.close();
});

it('on this machine’s own host nothing is kept: what was just built is what is shown', async () => {
  const context = await lab.browser.newContext();
  const { page } = await tab(context);
  await page.goto(`${lab.host.address}${query(tiny)}`);
  await reaches(page, 'Ready to train');
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  await context.close();
});
