import { modelOf } from '../model/models.ts';
import { thisLab } from '../records/thisLab.ts';
import type { ApartAnswer, ApartQuestion } from '../trainer/apart.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import { complete } from './complete.ts';
import { OnnxModel } from './onnxModel.ts';
import { writeOnnx } from './qwen3.ts';

/** Answers an evaluation with policy and anchor as ONNX models. @param base name of the base model */
export async function evaluateWith({
  base,
  config,
  layout,
  policy,
  anchor,
  calls,
  random,
  ends,
}: ApartQuestion & {
  readonly base: string;
  readonly config: ModelConfig;
  readonly layout: Layout;
}): Promise<ApartAnswer> {
  const { tokenizer } = modelOf(base);
  const open = (weights: Float32Array<ArrayBuffer>): Promise<OnnxModel> =>
    OnnxModel.open(writeOnnx({ config, layout, tokenizer, weights }, thisLab.version), config);
  const opened: OnnxModel[] = [];
  try {
    const models: Partial<Record<'policy' | 'anchor', OnnxModel>> = {};
    for (const [side, weights] of [
      ['policy', policy],
      ['anchor', anchor],
    ] as const) {
      if (weights === null) continue;
      const model = await open(weights);
      opened.push(model);
      models[side] = model;
    }
    const answers: (readonly number[] | null)[][] = [];
    for (const call of calls) answers.push(await complete(models, call, random, ends));
    return answers;
  } finally {
    for (const model of opened) await model.close();
  }
}
