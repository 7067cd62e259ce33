import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { LabError } from '../../src/lib/labError.ts';
import { evaluateWith } from '../../src/onnx/evaluate.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import type { ApartAnswer, EvaluateApart, HeldEvaluation } from '../../src/trainer/apart.ts';
import type { Trainer } from '../../src/trainer/trainer.ts';
import { bits, finish, metricsOf, Runs, smallSettings, type Ran } from './runs.ts';

let runs: Runs;
beforeAll(async () => {
  runs = await Runs.open();
});
afterAll(() => {
  runs.close();
});

const settings: Partial<Settings> = {
  ...{ steps: 9, evalEvery: 2, evalPrompts: 24, evalSamples: 2, evalMajorityPrompts: 6 },
  // A rate at which a policy of eight steps is no longer its base.
  ...{ learningRate: 4e-3 },
};

/** ONNX Runtime in this process, with what it answered. */
function onnx(changes: Partial<Settings>): { apart: EvaluateApart; answers: ApartAnswer[] } {
  const base = smallSettings(changes).model;
  const { config, layout } = readModelFolder(base);
  const answers: ApartAnswer[] = [];
  return {
    answers,
    apart: async (question) => {
      const answer = await evaluateWith({ base, config, layout, ...question });
      answers.push(answer);
      return answer;
    },
  };
}

/** A run whose evaluations are handed over, each settled so many steps after its own. */
async function handedOver(
  changes: Partial<Settings>,
  apart: EvaluateApart,
  late: number,
  before: (trainer: Trainer) => void = () => undefined,
): Promise<Ran & { readonly failures: number }> {
  const trainer = await runs.trainer(smallSettings(changes), undefined, undefined, apart);
  trainer.apart = true;
  const rows: Partial<MetricRow>[] = [await trainer.start()];
  const open: { at: number; held: HeldEvaluation }[] = [];
  let failures = 0;
  const settle = async (until: number): Promise<void> => {
    for (let [first] = open; first !== undefined && first.at <= until; [first] = open) {
      const { evaluated, failure } = await first.held.settle();
      if (failure !== null) failures++;
      rows[first.at] = { ...rows[first.at], ...evaluated };
      open.shift();
    }
  };
  while (!trainer.finished) {
    before(trainer);
    const { metrics, held } = await trainer.next();
    rows.push(metrics);
    if (held !== null) open.push({ at: rows.length - 1, held });
    await settle(rows.length - 1 - late);
  }
  await settle(Infinity);
  return { ...(await finish(trainer, rows)), failures };
}

function expectSame(run: Ran, other: Ran): void {
  expect(metricsOf(other)).toEqual(metricsOf(run));
  expect(bits(other.policy) === bits(run.policy), 'policies coincide').toBe(true);
  expect(bits(other.anchor) === bits(run.anchor), 'anchors coincide').toBe(true);
}

/** A guard that acts at every step it may. */
const eager = { steps: 14, guard: 'rollback', guardThreshold: 0.05, guardStepsBack: 2 } as const;

describe('a run evaluated beside the training is the run that the engine evaluates, in every figure and bit', () => {
  it.each<[string, Partial<Settings>]>([
    ['SRT with a shadow anchor', { algorithm: 'srt' }],
    ['SRT without', { algorithm: 'srt', monitorAnchor: false }],
    ['M-GRPO + IQR, two updates a batch', { algorithm: 'm-grpo-iqr', updatesPerBatch: 2 }],
    ['with an eager guard, checkpoints at evaluations', { algorithm: 'srt', ...eager, checkpointEvery: 2 }],
    ['on additions', { model: 'add-48', task: 'add', taskLevel: 2, oodLevel: 3 }],
  ])('%s', async (_, given) => {
    const changes = { ...settings, ...given };
    const engine = await runs.train(changes);
    const { apart, answers } = onnx(changes);
    expectSame(engine, await handedOver(changes, apart, 3));
    // It was not the engine's doing.
    const drawn = answers.flat(2);
    expect(drawn.length).toBeGreaterThan(400);
    expect(drawn.filter((tokens) => tokens === null).length).toBeLessThan(0.05 * drawn.length);
  });

  it('switched on and off under way', async () => {
    const engine = await runs.train(settings);
    const { apart, answers } = onnx(settings);
    const switched = await handedOver(settings, apart, 1, (trainer) => {
      trainer.apart = trainer.step >= 2 && trainer.step < 6;
    });
    expectSame(engine, switched);
    expect(answers.length).toBe(2);
  });
});

describe('what is not drawn elsewhere the engine draws, with the weights of that step', () => {
  it.each([0, 3])('all of it, %i steps later', async (late) => {
    const engine = await runs.train(settings);
    const nothing: EvaluateApart = ({ calls }) =>
      Promise.resolve(calls.map(({ requests }) => requests.map(() => null)));
    const run = await handedOver(settings, nothing, late);
    expectSame(engine, run);
    expect(run.failures).toBe(0);
  });

  it('and says so where the other runtime can’t be had', async () => {
    const engine = await runs.train(settings);
    const broken: EvaluateApart = () =>
      Promise.reject(new LabError('bad-file', 'ONNX Runtime can’t be loaded.', 'The run goes on.'));
    const run = await handedOver(settings, broken, 2);
    expectSame(engine, run);
    // At steps 2, 4, 6, 8 and, as it is the last one, 9.
    expect(run.failures).toBe(5);
  });
});
