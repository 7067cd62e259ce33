import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { MetricId } from '../../src/spec/metrics.ts';
import type { Task } from '../../src/spec/task.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { anchorless, everyAlgorithm, labelFree, oracles, twins } from './algorithms.ts';
import {
  baseWeights,
  bits,
  finish,
  metricsOf,
  ofAnchor,
  ofAnchorRollouts,
  ofTruth,
  Runs,
  smallSettings,
  type Ran,
} from './runs.ts';

let runs: Runs;
const plain = new Map<string, Promise<Ran>>();

beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

/** A run without meddling; made once, compared often. */
function plainRun(changes: Partial<Settings>): Promise<Ran> {
  const key = JSON.stringify(changes);
  const known = plain.get(key) ?? runs.train(changes);
  plain.set(key, known);
  return known;
}

/** The same bits of the policy, and the same numbers but those left out; of the anchor too, where there is one. */
function expectSame(one: Ran, other: Ran, leftOut: readonly MetricId[] = []): void {
  expect(metricsOf(other, leftOut)).toEqual(metricsOf(one, leftOut));
  expect(bits(other.policy) === bits(one.policy), 'policies coincide').toBe(true);
  if (!leftOut.includes('anchor/distance')) {
    expect(bits(other.anchor) === bits(one.anchor), 'anchors coincide').toBe(true);
  }
}

function expectApart(one: Ran, other: Ran): void {
  expect(bits(other.policy) === bits(one.policy), 'policies coincide').toBe(false);
}

describe.each(everyAlgorithm)('%s', (algorithm) => {
  it('same seed, same bits; and it trains', async () => {
    const one = await plainRun({ algorithm });
    expectSame(one, await runs.train({ algorithm }));
    const base = baseWeights(smallSettings({ algorithm }));
    expect(bits(one.policy) === bits(base), 'policy is the base').toBe(false);
    expect(bits(one.anchor) === bits(base), 'anchor is the base').toBe(false);
    // Groups of four may leave a step without a label where few may vote; most steps teach something.
    const steps = one.rows.slice(1);
    const taught = steps.filter((row) => (row['optim/grad_norm'] ?? 0) > 0);
    expect(taught.length).toBeGreaterThan(steps.length / 2);
  });

  it('another seed, other bits', async () => {
    expectApart(await plainRun({ algorithm }), await runs.train({ algorithm, seed: 8 }));
  });
});

describe('time and order of commands change no bit', () => {
  const algorithm = 'm-grpo-iqr';

  it('paused and resumed', async () => {
    const paused = await runs.train(
      { algorithm },
      {
        before: async (_, step) => {
          if (step === 3) await sleep(150);
        },
      },
    );
    expectSame(await plainRun({ algorithm }), paused);
  });

  it('an empty change, and one that is taken back before the next step', async () => {
    const changed = await runs.train(
      { algorithm },
      {
        before: (trainer, step) => {
          const { learningRate, temperature } = trainer.settings;
          if (step === 2) trainer.change({});
          if (step === 3) {
            trainer.change({ learningRate: 0.01, temperature: 2 });
            trainer.change({ learningRate, temperature });
          }
        },
      },
    );
    expectSame(await plainRun({ algorithm }), changed);
  });

  it('but a change that stays changes the steps from there on, and none before', async () => {
    const changed = await runs.train(
      { algorithm },
      {
        before: (trainer, step) => {
          if (step === 3) trainer.change({ learningRate: 2e-3 });
        },
      },
    );
    const same = await plainRun({ algorithm });
    expectApart(same, changed);
    expect(metricsOf(changed).slice(0, 3)).toEqual(metricsOf(same).slice(0, 3));
    expect(changed.rows.map((row) => row['optim/lr'])).toEqual([undefined, 1e-3, 1e-3, 2e-3, 2e-3]);
  });

  it('a change of temperature reaches rollouts that were already sampled for the next step', async () => {
    const hotter = await runs.train(
      { algorithm },
      {
        before: (trainer, step) => {
          if (step === 3) trainer.change({ temperature: 2.5 });
        },
      },
    );
    const entropies = (ran: Ran) => ran.rows.map((row) => row['policy/entropy'] ?? NaN);
    const [same, hot] = [entropies(await plainRun({ algorithm })), entropies(hotter)];
    expect(hot.slice(0, 3)).toEqual(same.slice(0, 3));
    expect(hot[3]).toBeGreaterThan(1.5 * (same[3] ?? NaN));
  });

  it('two lanes in turn on one device are each as alone', async () => {
    const lanes = await Promise.all(
      ['srt', algorithm].map((one) => runs.trainer(smallSettings({ algorithm: one }))),
    );
    const rows = [];
    for (const lane of lanes) rows.push([await lane.start()]);
    for (let step = 1; step <= 4; step++) {
      for (const [i, lane] of lanes.entries()) rows[i]?.push((await lane.next()).metrics);
    }
    for (const [i, lane] of lanes.entries()) {
      expectSame(
        await plainRun({ algorithm: ['srt', algorithm][i] ?? '' }),
        await finish(lane, rows[i] ?? []),
      );
    }
  });

  it('evaluating more often, or on more', async () => {
    const often = await runs.train({ algorithm, evalEvery: 1, evalPrompts: 3, evalMajorityPrompts: 1 });
    expectSame(
      await plainRun({ algorithm }),
      often,
      ofTruth.filter((id) => id.startsWith('eval/')),
    );
  });

  it('a run that is longer begins with the shorter one', async () => {
    const longer = await runs.train({ algorithm, steps: 5 });
    const leftOut = ofTruth.filter((id) => id.startsWith('eval/'));
    expect(metricsOf(longer, leftOut).slice(0, 5)).toEqual(metricsOf(await plainRun({ algorithm }), leftOut));
  });
});

/** The task with its solutions kept from whoever looks. */
function disguised(solution: (truth: string | null) => string | null): Task {
  const task = solvedTaskOf('sort');
  return {
    ...task,
    draw: (level, random) => {
      const problem = task.draw(level, random);
      return { ...problem, solution: solution(problem.solution) };
    },
  };
}

/** Every problem has the solution of the one drawn before it. */
function permuted(): Task {
  let before: string | null = '12345';
  return disguised((truth) => {
    const given = before;
    before = truth;
    return given;
  });
}

describe('solutions', () => {
  it.each(labelFree)('%s cannot see them: permuted or replaced, no bit changes', async (algorithm) => {
    const truthful = await plainRun({ algorithm });
    for (const task of [permuted(), disguised(() => 'nonsense')]) {
      const blind = await runs.train({ algorithm }, { task });
      expectSame(truthful, blind, ofTruth);
      expect(metricsOf(blind)).not.toEqual(metricsOf(truthful));
    }
  });

  it.each(oracles)('%s sees them', async (algorithm) => {
    const truthful = await plainRun({ algorithm });
    for (const task of [permuted(), disguised(() => 'nonsense')]) {
      expectApart(truthful, await runs.train({ algorithm }, { task }));
    }
  });
});

describe('anchor', () => {
  it.each(twins)('%s without anchor rollouts is %s', async (algorithm, alone) => {
    const none = await runs.train({ algorithm, anchorShare: 0 });
    // SRT's shadow anchor has rollouts of its own to watch.
    expectSame(await plainRun({ algorithm: alone }), none, ofAnchorRollouts);
    expectApart(none, await plainRun({ algorithm }));
  });

  it('m = 1 keeps it at the base', async () => {
    const frozen = await runs.train({ algorithm: 'm-grpo', anchorMomentum: 1 });
    expect(bits(frozen.anchor) === bits(baseWeights(smallSettings({})))).toBe(true);
    expect(frozen.rows.at(-1)?.['anchor/distance']).toBeGreaterThan(0);
  });

  it('m = 0 makes it the policy', async () => {
    const same = await runs.train({ algorithm: 'm-grpo', anchorMomentum: 0 });
    expect(bits(same.anchor) === bits(same.policy)).toBe(true);
    expect(same.rows.slice(1).map((row) => row['anchor/distance'])).toEqual([0, 0, 0, 0]);
    const greedy = same.rows.map((row) => row['eval/greedy'] ?? NaN);
    expect(same.rows.map((row) => row['eval/anchor_greedy'] ?? NaN)).toEqual(greedy);
  });

  it('while the policy rests, its distance shrinks by m a step', async () => {
    const m = 0.5;
    const distances: number[] = [];
    await runs.train(
      { algorithm: 'm-grpo', steps: 6, anchorMomentum: m },
      {
        before: async (trainer, step) => {
          // The least rate there is moves nothing that f32 can hold beside a weight.
          if (step === 3) trainer.change({ learningRate: 1e-7, weightDecay: 0 });
          const policy = await trainer.engine.readParameters('policy');
          const anchor = await trainer.engine.readParameters('anchor');
          distances.push(Math.hypot(...policy.map((value, i) => value - (anchor[i] ?? NaN))));
        },
      },
    );
    const [, , third = NaN, ...later] = distances;
    expect(third).toBeGreaterThan(0);
    later.forEach((distance, i) => {
      expect(distance / third / m ** (i + 1)).toBeCloseTo(1, 2);
    });
  });

  it.each(anchorless)('watching %s changes no bit of it', async (algorithm) => {
    const unwatched = await runs.train({ algorithm, monitorAnchor: false });
    expectSame(await plainRun({ algorithm }), unwatched, ofAnchor);
    const more = await runs.train({ algorithm, monitorRollouts: 7, anchorMomentum: 0.5 });
    expectSame(await plainRun({ algorithm }), more, ofAnchor);
  });
});
