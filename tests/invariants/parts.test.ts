import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithmOf } from '../../src/algorithms/index.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { policyRollouts } from '../../src/rl/reward.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { Algorithm } from '../../src/spec/algorithm.ts';
import { drawTraining } from '../../src/tasks/draw.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { Trainer, type StepResult } from '../../src/trainer/trainer.ts';
import { bits, metricsOf, Runs, smallSettings } from './runs.ts';

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

/** A knob of an algorithm's own, which the types don't name. */
const votes = (count: number): Partial<Settings> => ({ ['ttrl.votes' as string]: count });

describe('rollouts that only vote', () => {
  it('TTRL without any is SRT, bit for bit; with some, every rollout of the group is that of SRT', async () => {
    const srt = await runs.train({ algorithm: 'srt', steps: 2 });
    const none = await runs.train({ algorithm: 'ttrl', steps: 2, ...votes(6) });
    expect(metricsOf(none)).toEqual(metricsOf(srt));
    expect(bits(none.policy)).toBe(bits(srt.policy));
    const some = await runs.train({ algorithm: 'ttrl', steps: 1, ...votes(24) });
    const own = ['policy/entropy', 'completion/length', 'truth/accuracy'] as const;
    const [first, second] = [srt, some].map((run) => own.map((id) => metricsOf(run)[1]?.[id]));
    expect(second).toEqual(first);
    expect(metricsOf(some)[1]?.['vote/agreement']).not.toBe(metricsOf(srt)[1]?.['vote/agreement']);
  });
});

describe('prompts drawn anew', () => {
  async function firstStep(algorithm: Algorithm, maxResamples: number): Promise<StepResult> {
    const settings = smallSettings({ algorithm: 'srt', steps: 1, maxResamples });
    const trainer = new Trainer(runs.gpu, runs.kernels, readModelFolder(settings.model), settings, {
      now: () => 0,
      algorithm,
    });
    await runs.kernels.compile();
    const result = await trainer.next();
    trainer.destroy();
    return result;
  }

  it('are the step’s next ones, in the places that were refused, and the same every time', async () => {
    const srt = algorithmOf('srt');
    let asked = 0;
    // Of the first three prompts the second is dead, and so is the one in its place.
    const picky: Algorithm = {
      ...srt,
      reward: (group) => {
        const dead = [1, 3].includes(asked++);
        return policyRollouts(group).map((_, i) => (dead ? 1 : i));
      },
    };
    const plain = await firstStep(picky, 0);
    asked = 0;
    const chosen = await firstStep(picky, 10);
    asked = 0;
    expect((await firstStep(picky, 10)).decisions).toEqual(chosen.decisions);
    const settings = smallSettings({ algorithm: 'srt' });
    const drawn = drawTraining(solvedTaskOf('sort'), settings.taskLevel, settings.seed, 1, 9);
    expect(plain.decisions.problems).toEqual(drawn.slice(0, 3));
    expect(chosen.decisions.problems).toEqual([drawn[0], drawn[7], drawn[2]]);
    expect(chosen.decisions.groups[0]).toEqual(plain.decisions.groups[0]);
    expect(chosen.decisions.groups[2]).toEqual(plain.decisions.groups[2]);
    expect(chosen.decisions.groups[1]?.prompt).toBe(drawn[7]?.prompt);
    // Two reads more than a step without.
    expect((chosen.metrics['perf/readbacks'] ?? NaN) - (plain.metrics['perf/readbacks'] ?? NaN)).toBe(2);
  });
});
