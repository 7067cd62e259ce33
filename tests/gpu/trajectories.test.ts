import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { algorithms } from '../../src/algorithms/index.ts';
import { openHeadless } from '../../src/cli/headless.ts';
import type { Completion } from '../../src/engine/rollout/sampler.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import type { BaseModel } from '../../src/model/baseModel.ts';
import { parseConfig } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import type { Task } from '../../src/spec/task.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { Trainer } from '../../src/trainer/trainer.ts';
import {
  digestsOf,
  models,
  readTrajectory,
  type GivenRollout,
  type Trajectory,
} from '../fixtures/trajectory.ts';
import { compare } from '../reference/compare.ts';
import { flatten } from '../reference/step.ts';
import { decidedAlike, measuredAlike, tolerances } from './followed.ts';
import { flat, named } from './trainee.ts';

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

const modelConfig = parseConfig({ ...models.config, model_type: 'qwen3' });
const layout = layoutOf(modelConfig);
const base: BaseModel = {
  config: modelConfig,
  layout,
  tokenizer: characters,
  weights: flat(models.reference, layout),
};

function completionOf({ text, entropies, selfCertainties }: GivenRollout): Completion {
  return {
    tokens: characters.encode(text),
    truncated: !text.endsWith('.'),
    logProbs: new Float32Array(text.length),
    entropies: Float32Array.from(entropies),
    selfCertainties: Float32Array.from(selfCertainties),
  };
}

/** What a sampler would bring back at a step, in the trainer's order: policy, anchor, shadow. */
function completionsOf({ prompts }: Trajectory['steps'][number]): Completion[] {
  return [
    ...prompts.flatMap(({ rollouts }) => rollouts.filter(({ source }) => source !== 'anchor')),
    ...prompts.flatMap(({ rollouts }) => rollouts.filter(({ source }) => source === 'anchor')),
    ...prompts.flatMap(({ shadow }) => shadow),
  ].map(completionOf);
}

/** A trainer that is given its prompts and what was sampled for them. */
async function given(trajectory: Trajectory): Promise<Trainer> {
  const { settings, steps } = trajectory;
  const rolled = steps[0]?.prompts[0];
  const problemsOf = (step: number) => steps[step - 1]?.prompts ?? [];
  let drawn = 0;
  const task: Task = {
    ...solvedTaskOf('sort'),
    // Each call draws for a whole batch. What was drawn ahead is drawn again: settings change before each step.
    draw: () => {
      const problems = problemsOf(trainer.step + 1);
      const { prompt = '', solution = '' } = problems[drawn++ % problems.length] ?? {};
      return { prompt, solution };
    },
    listed: { training: [], heldOut: [{ prompt: '22=', solution: '22' }] },
  };
  const trainer = new Trainer(
    gpu,
    kernels,
    base,
    validateSettings({
      ...settings,
      promptsPerStep: steps[0]?.prompts.length ?? 0,
      groupSize: rolled?.rollouts.filter(({ source }) => source !== 'voter').length ?? 0,
      anchorShare: 0.5,
      // Where nothing is watched, the least there can be.
      monitorRollouts: Math.max(2, rolled?.shadow.length ?? 0),
      taskLevel: 2,
      oodLevel: 2,
      evalEvery: 1000,
      evalPrompts: 1,
      evalSamples: 1,
      evalMajorityPrompts: 0,
    }),
    { now: () => 0, task },
  );
  await kernels.compile();
  const { engine } = trainer;
  const read = engine.read.bind(engine);
  let asked = 0;
  vi.spyOn(engine, 'rollout').mockImplementation((_, __, { step }) => {
    asked = step;
    return { rowOf: [] };
  });
  vi.spyOn(engine, 'read').mockImplementation(async (pending, updated) => {
    const step = steps[asked - 1];
    const { report, tokens, times } = await read(null, updated);
    const completions = pending === null || step === undefined ? null : completionsOf(step);
    return { report, tokens, times, completions: completions as never };
  });
  return trainer;
}

describe.each(Object.keys(algorithms))('%s', (algorithm) => {
  test('the device goes where the committed trajectory went', async () => {
    const trajectory = readTrajectory(algorithm);
    const trainer = await given(trajectory);
    for (const [i, { changes }] of trajectory.steps.entries()) {
      trainer.change(changes);
      const { decisions, metrics } = await trainer.next();
      const expected = trajectory.expected[i];
      if (expected === undefined) throw new Error(`nothing is expected of step ${i + 1}`);
      decidedAlike(decisions, expected.decisions);
      measuredAlike(metrics, expected.metrics);
      const state = await trainer.engine.readState();
      const read = (values: Float32Array) => flatten(models.config, named(values, layout));
      const { policy, anchor, m, v } = state;
      const digests = digestsOf({ policy: read(policy), anchor: read(anchor), m: read(m), v: read(v) });
      for (const [part, tensors] of Object.entries(expected.digests)) {
        for (const [name, [norm, sum]] of Object.entries(tensors)) {
          const [now, nowSum] = digests[part]?.[name] ?? [NaN, NaN];
          const scale = norm || 1;
          const message = compare(
            [now / scale, nowSum / scale],
            [norm / scale, sum / scale],
            tolerances.parameters,
          );
          expect(message.message, `step ${i + 1}: ${part} of ${name}`).toBe('');
        }
      }
    }
    trainer.destroy();
  });
});
