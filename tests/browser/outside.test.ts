import { expect, it } from 'vitest';
import { newPage, openedLab } from './lab.ts';
import { unwanted } from './outside.ts';

// What every other test relies on: nothing that is asked of elsewhere goes unseen.

const lab = openedLab();
/** A port of this machine where none of the test's servers listens. */
const elsewhere = '127.0.0.1:9';

it('what a page, a socket or a worker of it asks of elsewhere is seen, and what is asked of its own host is not', async () => {
  const { page } = await newPage(lab.browser);
  // A file without a policy: everything is tried.
  await page.goto(`${lab.host.address}models/sort-48/config.json`);
  expect(unwanted()).toEqual([]);
  await page.evaluate(async (host) => {
    await fetch(`http://${host}/page`).catch(() => undefined);
    const socket = new WebSocket(`ws://${host}/socket`);
    await new Promise((resolve) => {
      socket.onerror = resolve;
    });
    const script = `fetch('http://${host}/worker').catch(() => undefined).then(() => postMessage(1))`;
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    await new Promise((resolve) => {
      worker.onmessage = resolve;
    });
    await fetch('config.json');
  }, elsewhere);
  expect(unwanted()).toEqual([
    `http://${elsewhere}/page`,
    `ws://${elsewhere}/socket`,
    `http://${elsewhere}/worker`,
  ]);
  await page.close();
});

it('what the policy of contents refuses is seen, in whatever context', async () => {
  const context = await lab.browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${lab.host.address}#guide`);
  await tab.getByRole('heading').first().waitFor();
  expect(unwanted()).toEqual([]);
  // In a task of its own: what a debugger evaluates may do anything.
  await tab.evaluate((host) => {
    setTimeout(() => void fetch(`http://${host}/page`).catch(() => undefined));
  }, elsewhere);
  const told: string[] = [];
  await expect
    .poll(() => {
      told.push(...unwanted());
      return told;
    })
    .toContain(`connect-src http://${elsewhere}/page`);
  await context.close();
});
