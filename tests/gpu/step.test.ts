import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { openHeadless } from '../../src/cli/headless.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import type { Settings } from '../../src/settings/hyperparameters.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { firstCheckpoint, type Checkpoint } from '../../src/trainer/checkpoint.ts';
import { recipes } from '../reference/rules.ts';
import { firstState, type RunState } from '../reference/step.ts';
import { Followed, modelsOf } from './followed.ts';

let gpu: Gpu;
let kernels: Kernels;
const base = readModelFolder('sort-32');
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

/** Every term of the loss counts, clipping bites, and the rate is high enough for ratios to leave the range. */
const small: Partial<Settings> = {
  model: 'sort-32',
  promptsPerStep: 2,
  groupSize: 6,
  temperature: 1.4,
  steps: 4,
  seed: 5,
  learningRate: 7e-4,
  warmupSteps: 1,
  lrSchedule: 'cosine',
  klCoefficient: 0.1,
  entropyBonus: 0.02,
  clipLow: 0.02,
  clipHigh: 0.03,
  weightDecay: 0.1,
  adamBeta1: 0.8,
  adamBeta2: 0.95,
  // Large beside rounding, which would choose the direction of parameters that hardly have a gradient.
  adamEpsilon: 1e-4,
  maxGradNorm: 0.5,
  anchorMomentum: 0.7,
  evalEvery: 1000,
  evalPrompts: 1,
  evalSamples: 1,
  evalMajorityPrompts: 0,
  monitorRollouts: 3,
};

function follow(
  changes: Partial<Settings>,
  fork?: { readonly checkpoint: Checkpoint; readonly state: RunState },
): Promise<Followed> {
  return Followed.start({ gpu, kernels }, base, validateSettings({ ...small, ...changes }), {}, fork);
}

test('the oracle has a recipe for every algorithm', () => {
  expect(Object.keys(recipes).sort()).toEqual(Object.keys(algorithms).sort());
});

const lossTypes = ['dapo', 'grpo', 'dr_grpo'] as const;

/** Clipped tokens of all tests: where ratios never leave the range, nothing is said about clipping. */
let clipped = 0;

describe.each(Object.keys(algorithms))('%s', (algorithm) => {
  test.each([1, 2])('steps of every loss type with %d updates a batch', async (updatesPerBatch) => {
    const followed = await follow({ algorithm, updatesPerBatch });
    for (const lossType of lossTypes) {
      followed.change({ lossType });
      const { result } = await followed.step();
      clipped += result.metrics['optim/clipped'] ?? 0;
      if (updatesPerBatch === 1) expect(result.metrics['optim/clipped']).toBe(0);
    }
    followed.trainer.destroy();
  });
});

test('in some of those updates ratios were clipped', () => {
  expect(clipped).toBeGreaterThan(0);
});

test('live changes act at the next step', async () => {
  const followed = await follow({ algorithm: 'm-grpo-iqr', groupSize: 8 });
  await followed.step();
  followed.change({
    learningRate: 5e-4,
    lrSchedule: 'constant',
    updatesPerBatch: 2,
    weightDecay: 0.5,
    adamBeta1: 0.5,
    adamBeta2: 0.9,
    adamEpsilon: 1e-3,
    anchorMomentum: 0.2,
  });
  await followed.step();
  followed.change({
    temperature: 0.9,
    anchorShare: 0.25,
    iqrFactor: 0,
    filterScope: 'policy',
    filterBeforeVote: false,
    minVoteShare: 0.4,
  });
  await followed.step();
  followed.change({
    steps: 9,
    warmupSteps: 8,
    lossType: 'dr_grpo',
    updatesPerBatch: 3,
    clipLow: 0.3,
    clipHigh: 0.001,
    klCoefficient: 0,
    entropyBonus: 0,
    maxGradNorm: 0.01,
  });
  await followed.step();
  followed.trainer.destroy();
});

test('advantages of every scale, a momentum that rises, and rollouts paid by the others', async () => {
  const own = { ['ttrl.leaveOneOut' as string]: true, ['ttrl.votes' as string]: 9 };
  const followed = await follow({
    algorithm: 'ttrl',
    momentumSchedule: 'cosine',
    anchorMomentumEnd: 0.95,
    ...own,
  });
  for (const scaleRewards of ['batch', 'none', 'group'] as const) {
    followed.change({ scaleRewards });
    await followed.step();
  }
  followed.trainer.destroy();
});

test('dead prompts are redrawn, from a pool', async () => {
  const changes = {
    algorithm: 'srt',
    groupSize: 2,
    temperature: 0.6,
    promptsPerStep: 4,
    maxResamples: 2,
    promptPool: 5,
  } as const;
  const followed = await follow(changes);
  const plain = await follow({ ...changes, maxResamples: 0 });
  const dead = (steps: readonly number[]) => steps.reduce((sum, share) => sum + share, 0);
  const seen = new Set<string>();
  const shares: { readonly with: number[]; readonly without: number[] } = { with: [], without: [] };
  for (let step = 1; step <= 3; step++) {
    const [one, other] = [await followed.step(), await plain.step()];
    shares.with.push(one.result.metrics['reward/zero_std_groups'] ?? NaN);
    shares.without.push(other.result.metrics['reward/zero_std_groups'] ?? NaN);
    for (const { prompt } of one.result.decisions.groups) seen.add(prompt);
  }
  expect(dead(shares.with)).toBeLessThan(dead(shares.without));
  expect(seen.size).toBeLessThanOrEqual(5);
  followed.trainer.destroy();
  plain.trainer.destroy();
});

/** A run of two steps, its checkpoint at the second, and one step more. */
async function parentOf(changes: Partial<Settings>) {
  const parent = await follow({ updatesPerBatch: 2, checkpointEvery: 2, ...changes });
  await parent.step();
  const { checkpoint } = (await parent.step()).result;
  const { state } = parent;
  await parent.step();
  parent.trainer.destroy();
  if (checkpoint === null) throw new Error('no checkpoint at step 2');
  return { checkpoint, state };
}

describe('a fork', () => {
  test('goes on with moments, update count and overlap, whatever else differs', async () => {
    const fork = await follow(
      { algorithm: 'srt', lossType: 'grpo', learningRate: 5e-4, anchorMomentum: 0.4 },
      await parentOf({ algorithm: 'm-grpo' }),
    );
    await fork.step();
    await fork.step();
    fork.trainer.destroy();
  });

  test('of a run without an anchor into one with: it starts as the policy', async () => {
    const { checkpoint, state } = await parentOf({ algorithm: 'srt', monitorAnchor: false });
    const { policy } = state.optimizer;
    const anchored = { ...state, optimizer: { ...state.optimizer, anchor: policy } };
    const fork = await follow({ algorithm: 'm-grpo-iqr' }, { checkpoint, state: anchored });
    await fork.step();
    await fork.step();
    fork.trainer.destroy();
  });
});

test('the guard goes back to parameters, anchor, moments, update count and overlap of then', async () => {
  // A start so good that all that follows is alarming: the guard acts at every step at which it is on.
  const alarmed = { 'vote/no_answer': { recent: [], first: new Array<number>(10).fill(-1) } };
  const state = firstState(modelsOf(base));
  const followed = await follow(
    {
      algorithm: 'srt',
      steps: 8,
      updatesPerBatch: 2,
      checkpointEvery: 1,
      guardStepsBack: 2,
      guardFactor: 0.5,
    },
    { checkpoint: { ...firstCheckpoint(base), warning: alarmed }, state },
  );
  for (let step = 1; step <= 6; step++) {
    followed.change({ guard: step === 4 ? 'rollback' : 'off' });
    const { result } = await followed.step();
    expect(result.metrics['guard/rolled_back_to']).toBe(step === 4 ? 2 : undefined);
  }
  followed.trainer.destroy();
});
