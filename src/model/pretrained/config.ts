import * as v from 'valibot';
import { LabError } from '../../lib/labError.ts';
import { excerpt, mostQuoted, quote } from '../../lib/quote.ts';

const theta = v.pipe(v.number(), v.minValue(1), v.maxValue(1e9));
const dimension = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
const token = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000));

/** How the decoders differ that are read: all else is Llama's. */
const families = {
  llama: { queryKeyNorm: false, biases: false },
  qwen2: { queryKeyNorm: false, biases: true },
  qwen3: { queryKeyNorm: true, biases: false },
} as const;

/** A config.json as transformers 4 and 5 write it; keys unchanged, unknown keys ignored. */
const schema = v.object({
  model_type: v.picklist(['llama', 'qwen2', 'qwen3']),
  hidden_size: dimension(16_384),
  num_hidden_layers: dimension(256),
  num_attention_heads: dimension(256),
  num_key_value_heads: v.optional(dimension(256)),
  // A head lies in a workgroup's memory (shaders/frozen/attention.wgsl).
  head_dim: v.nullish(dimension(128)),
  intermediate_size: dimension(65_536),
  vocab_size: dimension(1_000_000),
  rms_norm_eps: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  rope_theta: v.optional(theta),
  // In its place since transformers 5.
  rope_parameters: v.optional(v.object({ rope_theta: v.optional(theta) })),
  tie_word_embeddings: v.optional(v.boolean()),
  bos_token_id: v.nullish(token),
  eos_token_id: v.nullish(v.union([token, v.array(token)])),
});

type Value = string | number | boolean | object | null;

const isDefaultRope = (value: Value): boolean => {
  const { rope_type, type, factor } = value as { rope_type?: unknown; type?: unknown; factor?: unknown };
  return (rope_type ?? type ?? 'default') === 'default' && factor === undefined;
};

/** Keys that change what a model computes, and the values that don't, in words and as a test. */
const switches: Readonly<Record<string, readonly [string, (value: Value) => boolean]>> = {
  hidden_act: ['"silu"', (value) => value === 'silu'],
  rope_scaling: ['null', (value) => value === null || isDefaultRope(value)],
  rope_parameters: ['of rope_type "default"', (value) => value !== null && isDefaultRope(value)],
  partial_rotary_factor: ['1', (value) => value === null || value === 1],
  rope_interleaved: ['false', (value) => value === false],
  use_sliding_window: ['false', (value) => value === false],
  layer_types: [
    '"full_attention" throughout',
    (value) => Array.isArray(value) && value.every((type) => type === 'full_attention'),
  ],
  attention_bias: ['false', (value) => value === false],
  mlp_bias: ['false', (value) => value === false],
  num_experts: ['absent', (value) => value === null],
  num_local_experts: ['absent', (value) => value === null],
  quantization_config: ['absent', (value) => value === null],
};

/** A decoder made elsewhere: Llama's, with Qwen's additions where its family has them. */
export interface PretrainedConfig {
  readonly family: keyof typeof families;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Features of a head. */
  readonly headDim: number;
  /** Width between the two products of an MLP. */
  readonly inner: number;
  readonly vocabulary: number;
  readonly eps: number;
  readonly theta: number;
  /** Whether the embedding is the head as well. */
  readonly tied: boolean;
  /** Whether each head of q and k is normalised. */
  readonly queryKeyNorm: boolean;
  /** Whether q, k and v have biases. */
  readonly biases: boolean;
  /** Tokens that end a completion, as config.json names them. */
  readonly endTokens: readonly number[];
}

/** transformers' value where a config.json names none. */
const usualTheta = 10_000;

/**
 * Validates a parsed config.json of a Llama, Qwen2 or Qwen3 decoder.
 * @throws LabError `bad-file` naming the key, its value and the rule
 */
export function parsePretrainedConfig(json: unknown): PretrainedConfig {
  const result = v.safeParse(schema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw refusal(`${quote(v.getDotPath(issue) ?? '')}: ${excerpt(issue.message, 2 * mostQuoted)}`);
  }
  for (const [key, [wanted, harmless]] of Object.entries(switches)) {
    const value = (json as Record<string, Value | undefined>)[key];
    if (value === undefined || harmless(value)) continue;
    throw refusal(`"${key}" is ${excerpt(JSON.stringify(value))}, and only ${wanted} is supported`);
  }
  const written = result.output;
  const thetas = new Set([written.rope_theta, written.rope_parameters?.rope_theta].filter(isGiven));
  if (thetas.size > 1) throw refusal('"rope_theta" and "rope_parameters" differ');
  const { hidden_size: hidden, num_attention_heads: heads } = written;
  const kvHeads = written.num_key_value_heads ?? heads;
  const headDim = written.head_dim ?? hidden / heads;
  // Kernels load four numbers at a time, and rotary embedding pairs the halves of a head.
  for (const [key, value, multiple] of [
    ['hidden_size', hidden, 4],
    ['intermediate_size', written.intermediate_size, 4],
    ['head_dim', headDim, 8],
  ] as const) {
    if (value % multiple !== 0)
      throw refusal(`"${key}" is ${String(value)}, not a multiple of ${String(multiple)}`);
  }
  if (headDim > 128) throw refusal(`"head_dim" is ${String(headDim)}, and at most 128 are supported`);
  if (heads % kvHeads !== 0) {
    throw refusal(
      `"num_attention_heads" (${String(heads)}) is not a multiple of "num_key_value_heads" (${String(kvHeads)})`,
    );
  }
  return {
    family: written.model_type,
    hidden,
    layers: written.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    inner: written.intermediate_size,
    vocabulary: written.vocab_size,
    eps: written.rms_norm_eps,
    theta: [...thetas][0] ?? usualTheta,
    tied: written.tie_word_embeddings ?? false,
    ...families[written.model_type],
    endTokens: endTokensOf(written.eos_token_id),
  };
}

function isGiven<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function endTokensOf(written: number | readonly number[] | null | undefined): readonly number[] {
  if (written === null || written === undefined) return [];
  return typeof written === 'number' ? [written] : written;
}

const generationSchema = v.object({ eos_token_id: schema.entries.eos_token_id });

/**
 * The end tokens that a parsed generation_config.json names; null where it names none.
 * @throws LabError `bad-file`
 */
export function parseEndTokens(json: unknown): readonly number[] | null {
  const result = v.safeParse(generationSchema, json);
  if (!result.success)
    throw new LabError(
      'bad-file',
      `generation_config.json: ${excerpt(result.issues[0].message, 2 * mostQuoted)}.`,
      'Give a token id, or a list of them, as "eos_token_id".',
    );
  const tokens = endTokensOf(result.output.eos_token_id);
  return tokens.length === 0 ? null : tokens;
}

function refusal(what: string): LabError {
  return new LabError(
    'bad-file',
    `config.json: ${what}.`,
    'Give the config.json of a Llama, Qwen2 or Qwen3 model as transformers writes it.',
  );
}
