import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, newPage, query, reaches, serveBuilt, tiny, type Host } from './lab.ts';
import { mainJob } from './mainJob.ts';

let browser: Browser;
let host: Host;
beforeAll(async () => {
  [browser, host] = await Promise.all([launch(), serveBuilt()]);
});
afterAll(async () => {
  await browser.close();
  await host.close();
});

it('checks the GPU once per adapter and browser, before anything is trained', async () => {
  const { page, complaints } = await newPage(browser);
  const checks: string[] = [];
  page.on('request', (request) => {
    if (/selfCheck/i.test(request.url())) checks.push(request.url());
  });
  const remembered = () =>
    page.evaluate(async () => {
      const cache = await caches.open('m-grpo-lab');
      return Promise.all((await cache.keys()).map(async (key) => (await cache.match(key))?.text()));
    });
  await page.goto(`${host.address}${query(tiny)}`);
  await reaches(page, 'Ready to train');
  expect(checks.length).toBeGreaterThan(0);
  expect(await remembered()).toEqual(['passed']);

  const first = checks.length;
  await page.reload();
  await reaches(page, 'Ready to train');
  expect(checks).toHaveLength(first);
  expect(complaints).toEqual([]);
  await page.close();
});

it('the main job, from a folder of a host that sets no headers', async () => {
  await mainJob(browser, host.address);
});
