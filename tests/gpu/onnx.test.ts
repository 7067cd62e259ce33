import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { readModelFolder } from '../../src/cli/modelFolder.ts';
import { models as sides, Parameters } from '../../src/engine/parameters.ts';
import { fixedPlan } from '../../src/engine/plan.ts';
import { Updater } from '../../src/engine/update.ts';
import { Buffers } from '../../src/gpu/buffer.ts';
import { Clock } from '../../src/gpu/clock.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernel.ts';
import { Readback } from '../../src/gpu/readback.ts';
import { models } from '../../src/model/models.ts';
import { OnnxModel } from '../../src/onnx/onnxModel.ts';
import { writeOnnx } from '../../src/onnx/qwen3.ts';

const tolerance = 1e-4;

let gpu: Gpu;
let kernels: Kernels;
beforeAll(async () => {
  gpu = await openHeadless();
  kernels = new Kernels(gpu);
});
afterAll(() => gpu.device.destroy());

test.each(Object.keys(models))(
  '%s has the same logits in ONNX Runtime Web and on the device',
  async (name) => {
    const model = readModelFolder(name);
    const { config, layout, tokenizer, weights } = model;
    const buffers = new Buffers(gpu);
    const parameters = new Parameters(buffers, layout);
    for (const each of sides) parameters[each].load(weights);
    const prompt = tokenizer.encode('1+23=');
    const completion = tokenizer.encode('24.');
    const updater = new Updater(
      buffers,
      kernels,
      { config, layout, parameters, plan: fixedPlan },
      {
        prompts: 1,
        completions: 1,
        maxPromptLength: prompt.length,
        maxCompletionLength: completion.length,
        withReference: true,
        withAnchor: false,
      },
      { clock: new Clock(buffers), limitMs: Infinity },
    );
    await kernels.compile();
    const { rows } = updater.submit(
      [{ prompt, completions: [{ tokens: completion, advantage: 1, weight: 1 }] }],
      true,
      { temperature: 1, clipLow: 0.2, clipHigh: 0.2, klCoefficient: 0, entropyBonus: 0 },
      {
        ...{ update: 1, learningRate: 0, beta1: 0, beta2: 0, epsilon: 1 },
        ...{ weightDecay: 0, maxNorm: 1, anchorMomentum: null },
      },
    );
    const readback = new Readback(buffers, 'logits', {
      logits: { buffer: updater.logits, bytes: updater.logits.size },
    });
    const encoder = gpu.device.createCommandEncoder();
    readback.copy(encoder, ['logits']);
    gpu.device.queue.submit([encoder.finish()]);
    const device = new Float32Array((await readback.take(['logits'])).logits);

    const onnx = await OnnxModel.open(writeOnnx(model, '0'), config);
    const { logits } = await onnx.read([[...prompt, ...completion]], null);
    const stride = 4 * Math.ceil(config.vocab_size / 4);
    // The reference's rows lie behind the policy's and keep their logits; a row before a completion's token scores it.
    for (let row = prompt.length - 1; row < prompt.length + completion.length - 1; row++) {
      for (let v = 0; v < config.vocab_size; v++) {
        const difference = Math.abs(
          (logits[row * config.vocab_size + v] ?? NaN) - (device[(rows + row) * stride + v] ?? NaN),
        );
        expect(difference, `row ${row}, logit ${v}`).toBeLessThanOrEqual(tolerance);
      }
    }
    await onnx.close();
    buffers.destroy();
  },
);
