import { expect, it } from 'vitest';
import { RewardThread } from '../../src/cli/rewardInThread.ts';
import type { RewardInput } from '../../src/spec/reward.ts';
import { runReward } from '../../src/host/rewardCode.ts';
import { timedReward } from '../../src/host/timedReward.ts';
import { deepCases } from './rewardCases.ts';

const input: RewardInput = {
  prompt: '1+1=',
  completion: '2.',
  answer: '2',
  pseudoLabel: '2',
  agreement: 0.5,
};

it('a thread of Node runs rewards as the page does, and is ended where one call takes for ever', async () => {
  const run = timedReward(() => new RewardThread(), 1000);
  const good = 'function reward({ answer, agreement }) { return Number(answer) + agreement; }';
  const failing = 'function reward() {\n  return nonsense;\n}';
  expect(await run(good, [input, input])).toEqual({ rewards: [2.5, 2.5] });
  expect(await run(failing, [input])).toEqual(await runReward(failing, [input]));

  const hanging = 'function reward() { return [].indexOf.call({ length: 2 ** 53 }, 1); }';
  const stuck = run(hanging, [input]);
  const next = run(good, [input]);
  expect(await stuck).toEqual({
    fault: {
      sentence:
        'It had given no rewards after 1 seconds and was ended: a call of a built-in function runs on.',
      line: null,
    },
  });
  expect(await next).toEqual({ rewards: [2.5] });
});

it.each(deepCases)('$what goes as deep here as in a thread, which has another stack', async ({ code }) => {
  const run = timedReward(() => new RewardThread());
  for (const depth of [20, 200, 2000, 20_000]) {
    const here = await runReward(code(depth), [input]);
    expect(await run(code(depth), [input])).toEqual(here);
    expect(JSON.stringify(here)).not.toMatch(/broke|Aborted/);
    if (depth === 20_000) expect(here).toHaveProperty('fault');
  }
});
