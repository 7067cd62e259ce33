import { expect, it } from 'vitest';
import { newPage, query, reaches, openedLab, tiny } from './lab.ts';
import { mainJob } from './mainJob.ts';

const lab = openedLab();

it('checks the GPU once per adapter and browser, before anything is trained', async () => {
  const { page, complaints } = await newPage(lab.browser);
  const checks: string[] = [];
  page.on('request', (request) => {
    if (/selfCheck/i.test(request.url())) checks.push(request.url());
  });
  const remembered = () =>
    page.evaluate(async () => {
      const cache = await caches.open('m-grpo-lab');
      return Promise.all((await cache.keys()).map(async (key) => (await cache.match(key))?.text()));
    });
  await page.goto(`${lab.host.address}${query(tiny)}`);
  await reaches(page, 'Ready to train');
  expect(checks.length).toBeGreaterThan(0);
  await expect.poll(remembered).toEqual(['passed']);

  const first = checks.length;
  await page.reload();
  await reaches(page, 'Ready to train');
  expect(checks).toHaveLength(first);
  expect(complaints).toEqual([]);
  await page.close();
});

it('the main job, from a folder of a host that sets no headers', async () => {
  await mainJob(lab.browser, lab.host.address);
});
