import * as v from 'valibot';
import { LabError } from '../lib/labError.ts';
import { excerpt, mostQuoted, quote } from '../lib/quote.ts';

const theta = v.pipe(v.number(), v.minValue(1), v.maxValue(1e9));
const dimension = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));

/**
 * A Hugging Face config.json of a Qwen3 decoder, as transformers 4 and 5 write it; keys unchanged, unknown keys ignored.
 */
const schema = v.object({
  model_type: v.literal('qwen3'),
  hidden_size: dimension(16_384),
  num_hidden_layers: dimension(256),
  num_attention_heads: dimension(256),
  num_key_value_heads: dimension(256),
  // A head lies in registers (shaders/lib/head.wgsl).
  head_dim: dimension(128),
  intermediate_size: dimension(65_536),
  vocab_size: dimension(1_000_000),
  rms_norm_eps: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  rope_theta: v.optional(theta),
  // In its place since transformers 5.
  rope_parameters: v.optional(v.object({ rope_theta: theta, rope_type: v.optional(v.literal('default')) })),
  tie_word_embeddings: v.boolean(),
  attention_bias: v.optional(v.literal(false)),
  hidden_act: v.optional(v.literal('silu')),
  // Switched on, these would change what the model computes.
  rope_scaling: v.optional(v.null()),
  use_sliding_window: v.optional(v.literal(false)),
  layer_types: v.optional(v.array(v.literal('full_attention'))),
});

type Written = v.InferOutput<typeof schema>;
export type ModelConfig = Omit<Written, 'rope_theta' | 'rope_parameters' | 'layer_types'> & {
  readonly rope_theta: number;
};

/**
 * Validates a parsed config.json.
 * @throws LabError `bad-file` naming the key, its value and the rule
 */
export function parseConfig(json: unknown): ModelConfig {
  const result = v.safeParse(schema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw refusal(`${quote(v.getDotPath(issue) ?? '')}: ${excerpt(issue.message, 2 * mostQuoted)}`);
  }
  const { rope_theta, rope_parameters, layer_types: _, ...written } = result.output;
  const thetas = new Set([rope_theta, rope_parameters?.rope_theta].filter((each) => each !== undefined));
  const [only] = thetas;
  if (only === undefined) throw refusal('"rope_theta" is missing, and so is "rope_parameters"');
  if (thetas.size > 1) throw refusal('"rope_theta" and "rope_parameters" differ');
  const config: ModelConfig = { ...written, rope_theta: only };
  // Kernels load four numbers at a time, and rotary embedding pairs the halves of a head.
  for (const [key, multiple] of [
    ['hidden_size', 4],
    ['intermediate_size', 4],
    ['head_dim', 8],
  ] as const) {
    if (config[key] % multiple !== 0)
      throw refusal(`"${key}" is ${String(config[key])}, not a multiple of ${String(multiple)}`);
  }
  if (config.num_attention_heads % config.num_key_value_heads !== 0) {
    throw refusal(
      `"num_attention_heads" (${String(config.num_attention_heads)}) is not a multiple of "num_key_value_heads" (${String(config.num_key_value_heads)})`,
    );
  }
  return config;
}

function refusal(what: string): LabError {
  return new LabError(
    'bad-file',
    `config.json: ${what}.`,
    'Give the config.json of a Qwen3 model as Hugging Face writes it.',
  );
}
