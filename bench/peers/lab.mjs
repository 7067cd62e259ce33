import { Engine } from '../../src/engine/engine.ts';
import { openDevice } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { layoutOf } from '../../src/model/layout.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { preparePlan } from '../../src/trainer/prepare.ts';
import { generation, length, optimizer } from './work.mjs';

/** Every race tries the kernels anew. */
const forgetful = { read: async () => null, write: async () => undefined };

/** This lab's engine, used as its own trainers use it. */
export async function open(host) {
  const gpu = await openDevice(navigator.gpu, { settle: host.settle });
  const kernels = new Kernels(gpu);
  const settings = validateSettings({
    promptsPerStep: generation.prompts,
    groupSize: generation.samples,
    maxCompletionLength: generation.tokens,
  });
  const plans = new Map();

  async function engineOf(config, weights, capacity) {
    const layout = layoutOf(config);
    const flat = new Float32Array(layout.size);
    for (const { name, offset } of layout.tensors) flat.set(weights.get(name).values, offset);
    const model = { config, layout, weights: flat };
    if (!plans.has(config)) plans.set(config, await preparePlan(gpu, kernels, model, settings, forgetful));
    const engine = new Engine(gpu, kernels, model, capacity, { plan: plans.get(config) });
    await kernels.compile();
    return { engine, layout };
  }

  const update = (batch) => ({
    prompts: batch,
    completions: batch,
    maxPromptLength: 1,
    maxCompletionLength: length,
    withReference: false,
    withAnchor: false,
  });

  return {
    device: gpu.device,
    /** The kernels that the lab's trainer would choose here; known once they were used. */
    planOf: (config) => plans.get(config),

    async trainer(config, weights, batch) {
      const { engine, layout } = await engineOf(config, weights, { update: update(batch) });
      let step = 0;
      return {
        async step(sequences) {
          const { learningRate, beta1, beta2, epsilon, momentum } = optimizer;
          // Policy loss with advantage 1 and ratio 1 is −ln π: cross-entropy.
          engine.update(
            sequences.map(([first, ...tokens]) => ({
              prompt: [first],
              completions: [{ tokens, advantage: 1, weight: 1 / (batch * length) }],
            })),
            true,
            { temperature: 1, clipLow: 0, clipHigh: 0, klCoefficient: 0, entropyBonus: 0 },
            {
              update: ++step,
              learningRate,
              beta1,
              beta2,
              epsilon,
              weightDecay: 0,
              maxNorm: 1e9,
              anchorMomentum: momentum,
            },
          );
          const { report } = await engine.read(null, true);
          return -report.logProb;
        },
        async average() {
          const values = await engine.readParameters('anchor');
          return new Map(
            layout.tensors.map(({ name, shape, offset, length: size }) => [
              name,
              { shape, values: values.slice(offset, offset + size) },
            ]),
          );
        },
        close: () => engine.destroy(),
      };
    },

    async generator(config, weights) {
      const rollouts = generation.prompts * generation.samples;
      const { engine } = await engineOf(config, weights, {
        update: update(1),
        rollout: {
          prompts: generation.prompts,
          rollouts,
          maxPromptLength: generation.promptLength,
          maxCompletionLength: generation.tokens,
          // Outside the vocabulary: nothing ends early.
          endToken: config.vocab_size,
        },
      });
      return {
        async generate(prompts, temperature, seed) {
          const requests = Array.from({ length: rollouts }, (_, rollout) => ({
            prompt: Math.floor(rollout / generation.samples),
            model: 'policy',
            temperature,
            rollout,
            purpose: 0,
          }));
          const { completions } = await engine.read(
            engine.rollout(prompts, requests, { seed, step: 0 }),
            false,
          );
          return completions.flatMap(({ tokens }) => tokens);
        },
        close: () => engine.destroy(),
      };
    },
  };
}
