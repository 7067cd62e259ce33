import { modelFileNames, type BaseModel } from './baseModel.ts';
import { writeSafetensors, type SafetensorsType } from './safetensors.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { tokenizerConfigJson, tokenizerJson } from './tokenizer/labTokenizers.ts';
import { words } from './tokenizer/words.ts';

/** Tokens of a sequence that other programs are told of, by tokenizer; the lab's kernels know no such limit. */
const longestOf = (tokenizer: Tokenizer): number => (tokenizer === words ? 128 : 64);

/**
 * The files of a model as a Hugging Face folder has them, by their names.
 * @param dtype `BF16` of weights that are bfloat16 numbers
 */
export function folderFiles(
  { config, layout, tokenizer, weights }: BaseModel,
  dtype: SafetensorsType = 'F32',
) {
  const longest = longestOf(tokenizer);
  const hugging = {
    architectures: ['Qwen3ForCausalLM'],
    ...config,
    attention_bias: false,
    hidden_act: 'silu',
    max_position_embeddings: longest,
    bos_token_id: null,
    eos_token_id: tokenizer.endToken,
    pad_token_id: tokenizer.padToken,
    torch_dtype: dtype === 'F32' ? 'float32' : 'bfloat16',
  };
  return {
    [modelFileNames.config]: `${JSON.stringify(hugging, null, 1)}\n`,
    [modelFileNames.tokenizer]: tokenizerJson(tokenizer),
    'tokenizer_config.json': tokenizerConfigJson(tokenizer, longest),
    [modelFileNames.weights]: writeSafetensors(weights, layout, dtype),
  };
}

/** Of what is trained which model, and how it came about. */
export interface TrainedModel {
  readonly side: 'policy' | 'anchor';
  /** Of its run. */
  readonly name: string;
  readonly step: number;
  readonly settings: {
    readonly model: string;
    readonly task: string;
    readonly algorithm: string;
    readonly seed: number;
  };
}

/** The README.md of a trained model's folder. */
export function readmeOf({
  side,
  name,
  step,
  settings: { model, task, algorithm, seed },
}: TrainedModel): string {
  return [
    `# ${side === 'policy' ? 'Policy' : 'Anchor'} of ${JSON.stringify(name)} after step ${step}`,
    '',
    `Trained from the base model ${model} by M-GRPO Lab, on the task ${task} with the algorithm ${algorithm}, seed ${seed}.`,
    'transformers reads it by `AutoModelForCausalLM` and `AutoTokenizer`; "." ends a completion.',
    '',
  ].join('\n');
}
