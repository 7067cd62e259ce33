import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import { metricIds } from '../../src/spec/metrics.ts';
import type { Trainer } from '../../src/trainer/trainer.ts';
import { matching } from './algorithms.ts';
import { baseWeights, bits, finish, metricsOf, Runs, smallSettings, type Ran } from './runs.ts';

let runs: Runs;

beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

/** What label-free algorithms reward, written out. */
const match = `function reward({ answer, pseudoLabel }) {
  return answer === pseudoLabel ? 1 : 0;
}`;
const partial = `function reward({ answer, pseudoLabel }) {
  if (answer === null || pseudoLabel === null) return 0;
  let same = 0;
  for (let i = 0; i < pseudoLabel.length; i++) if (answer[i] === pseudoLabel[i]) same++;
  return same / pseudoLabel.length;
}`;

function expectSame(one: Ran, other: Ran): void {
  expect(metricsOf(other)).toEqual(metricsOf(one));
  expect(bits(other.policy) === bits(one.policy), 'policies coincide').toBe(true);
  expect(bits(other.anchor) === bits(one.anchor), 'anchors coincide').toBe(true);
}

describe('a reward of one’s own', () => {
  it.each(matching)('%s: the algorithm’s own, written out, gives the same bits', async (algorithm) => {
    const plain = await runs.train({ algorithm });
    expect(plain.rows.slice(1).map((row) => row['vote/no_label'])).toEqual([0, 0, 0, 0]);
    expectSame(plain, await runs.train({ algorithm, rewardCode: match }));
  });

  it('another one gives other bits, the same each time', async () => {
    const [plain, own, again] = [
      await runs.train({}),
      await runs.train({ rewardCode: partial }),
      await runs.train({ rewardCode: partial }),
    ];
    expect(bits(own.policy) === bits(plain.policy)).toBe(false);
    expectSame(own, again);
  });

  it('one that always gives 1 has nothing to teach', async () => {
    const { rows } = await runs.train({ rewardCode: 'const reward = () => 1' });
    expect(rows.slice(1).map((row) => row['reward/zero_std_groups'])).toEqual([1, 1, 1, 1]);
    expect(rows.slice(1).map((row) => row['reward/mean'])).toEqual([1, 1, 1, 1]);
  });

  it('what it keeps is gone with the step: a run that goes on from a checkpoint is the same run', async () => {
    const rewardCode = `let calls = 0;\nfunction reward({ answer, pseudoLabel }) { return ++calls / 10 + (answer === pseudoLabel); }`;
    const whole = await runs.train({ rewardCode });
    const settings = smallSettings({ rewardCode });
    const first = await runs.trainer(settings);
    await first.start();
    await first.next();
    await first.next();
    const from = await first.checkpoint();
    first.destroy();
    const second = await runs.trainer(settings, undefined, from);
    const rows: Partial<MetricRow>[] = [];
    while (!second.finished) rows.push((await second.next()).metrics);
    const ran = await finish(second, rows);
    expect(bits(ran.policy) === bits(whole.policy)).toBe(true);
    expect(metricsOf(ran)).toEqual(metricsOf(whole).slice(3));
  });

  it('one that fails leaves the run as it was; edited, the run goes on as if it had been so from that step', async () => {
    const failing = `function reward() {\n  return nonsense;\n}`;
    const change = (code: string) => (trainer: Trainer, step: number) => {
      if (step === 3) trainer.change({ rewardCode: code });
    };
    const undisturbed = await runs.train({}, { before: change(match) });
    const disturbed = await runs.train(
      {},
      {
        before: async (trainer, step) => {
          if (step !== 3) return;
          const before = await trainer.engine.readParameters('policy');
          const anchor = await trainer.engine.readParameters('anchor');
          trainer.change({ rewardCode: failing });
          for (let attempt = 0; attempt < 2; attempt++) {
            const error = await trainer.next().catch((thrown: unknown) => thrown);
            expect(error).toBeInstanceOf(LabError);
            expect(error).toMatchObject({ code: 'bad-reward' });
            expect((error as LabError).message).toContain(
              "in line 2. ReferenceError: 'nonsense' is not defined.",
            );
            expect(trainer.step).toBe(2);
            expect(bits(await trainer.engine.readParameters('policy')) === bits(before)).toBe(true);
            expect(bits(await trainer.engine.readParameters('anchor')) === bits(anchor)).toBe(true);
          }
          trainer.change({ rewardCode: match });
        },
      },
    );
    expectSame(undisturbed, disturbed);
  });
});

/** Thirty prompts of two digits to sort. */
const numbers = Array.from({ length: 30 }, (_, i) => String(10 + 3 * i));
const sorted = (digits: string): string => Array.from(digits).sort().join('');
const lines = (answered: (index: number) => boolean): string =>
  numbers
    .map((digits, i) =>
      JSON.stringify({ prompt: `${digits}=`, ...(answered(i) ? { answer: sorted(digits) } : {}) }),
    )
    .join('\n');

const truths = metricIds.filter((id) => /^(truth|eval)\//.test(id));

describe('prompts of one’s own', () => {
  const own = (prompts: string): Partial<Settings> => ({ prompts, evalPrompts: 256, evalEvery: 2 });

  it('train a base model, and are evaluated on those held out', async () => {
    const settings = smallSettings(own(lines(() => true)));
    expect(settings.task).toBe('custom');
    const { rows, policy } = await runs.train(own(lines(() => true)));
    expect(bits(policy) === bits(baseWeights(settings))).toBe(false);
    const last = rows.at(-1) ?? {};
    expect(last['truth/accuracy']).toBeGreaterThan(0);
    // Three are held out.
    expect([0, 1, 2, 3].map((n) => n / 3)).toContain(last['eval/greedy']);
    expect(last['eval/ood']).toBeNaN();
  });

  it('without answers train the same bits, and nothing is said of the truth', async () => {
    const solved = await runs.train(own(lines(() => true)));
    const unsolved = await runs.train(own(lines(() => false)));
    expect(bits(unsolved.policy) === bits(solved.policy)).toBe(true);
    expect(metricsOf(unsolved, truths)).toEqual(metricsOf(solved, truths));
    for (const row of unsolved.rows) for (const id of truths) expect(row[id] ?? NaN, id).toBeNaN();
    const some = await runs.train(own(lines((i) => i % 2 === 0)));
    expect(bits(some.policy) === bits(solved.policy)).toBe(true);
    expect(some.rows.at(-1)?.['truth/accuracy']).not.toBeNaN();
  });

  it('the oracle asks for every answer', async () => {
    expect(() => smallSettings({ ...own(lines((i) => i > 0)), algorithm: 'grpo-oracle' })).toThrow(
      'but 1 of `prompts` have none',
    );
    const { rows } = await runs.train({ ...own(lines(() => true)), algorithm: 'grpo-oracle' });
    expect(rows.at(-1)?.['truth/label_accuracy']).toBe(1);
  });

  it('any base model can be tried on them', () => {
    const settings = validateSettings({ model: 'add-48', prompts: lines(() => true) });
    expect(settings).toMatchObject({ model: 'add-48', task: 'custom' });
  });
});
