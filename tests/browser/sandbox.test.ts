import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer, type ViteDevServer } from 'vite';
import { runReward } from '../../src/host/rewardCode.ts';
import type { RewardOutcome } from '../../src/spec/reward.ts';
import { deepCases } from '../unit/rewardCases.ts';
import { launch, newPage } from './lab.ts';
import { isOwn } from './outside.ts';

let server: ViteDevServer;
beforeAll(async () => {
  server = await createServer({ logLevel: 'error', server: { host: '127.0.0.1' } });
  await server.listen();
});
afterAll(() => server.close());

it('a reward’s outcome is the same in a worker of Chromium as here, however deep it nests', async () => {
  const browser = await launch();
  const { page } = await newPage(browser);
  const address = server.resolvedUrls?.local[0] ?? '';
  isOwn(address);
  // Any document of the server will do.
  await page.goto(`${address}unopened.js`);
  const input = { prompt: '1=', completion: '#1.', answer: '1', pseudoLabel: '1', agreement: 1 };
  const questions = deepCases.flatMap(({ code }) => [20, 200, 2000, 20_000].map(code));
  // As text: a test's own `import()` is rewritten for where tests run.
  const there: unknown = await page.evaluate(`(async () => {
    const { rewardInWorker } = await import('${address}src/host/rewardInWorker.ts');
    const outcomes = [];
    for (const code of ${JSON.stringify(questions)})
      outcomes.push(await rewardInWorker(code, [${JSON.stringify(input)}]));
    return outcomes;
  })()`);
  const here: RewardOutcome[] = [];
  for (const code of questions) here.push(await runReward(code, [input]));
  expect(there).toEqual(here);
  await browser.close();
});
