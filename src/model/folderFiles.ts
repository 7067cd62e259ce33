import { modelFileNames, type BaseModel } from './baseModel.ts';
import { writeSafetensors } from './safetensors.ts';
import { tokenizerConfigJson, tokenizerJson } from './tokenizer/characters.ts';

/** Tokens of a sequence that other programs are told of; the lab's kernels know no such limit. */
const longest = 64;

/** The files of a model as a Hugging Face folder has them, by their names. */
export function folderFiles({ config, layout, tokenizer, weights }: BaseModel) {
  const hugging = {
    architectures: ['Qwen3ForCausalLM'],
    ...config,
    attention_bias: false,
    hidden_act: 'silu',
    max_position_embeddings: longest,
    bos_token_id: null,
    eos_token_id: tokenizer.endToken,
    pad_token_id: tokenizer.padToken,
    torch_dtype: 'float32',
  };
  return {
    [modelFileNames.config]: `${JSON.stringify(hugging, null, 1)}\n`,
    [modelFileNames.tokenizer]: tokenizerJson(),
    'tokenizer_config.json': tokenizerConfigJson(longest),
    [modelFileNames.weights]: writeSafetensors(weights, layout),
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
    'transformers reads it by `AutoModelForCausalLM` and `AutoTokenizer`; one character is one token, and "." ends a completion.',
    '',
  ].join('\n');
}
