import type { PretrainedConfig } from './config.ts';

/** A tensor of a model, by the name that Hugging Face gives it. Matrices are [outputs, inputs]. */
export interface WantedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A product's weight: the parts of which it is made, their outputs behind one another, as one matrix. */
export interface MatrixNames {
  readonly parts: readonly WantedTensor[];
  readonly outputs: number;
  readonly inputs: number;
}

/** What one layer is made of. Biases and the norms of q and k where the family has them. */
export interface LayerNames {
  readonly inputNorm: WantedTensor;
  readonly qkv: MatrixNames;
  readonly biases: readonly WantedTensor[];
  readonly queryNorm: WantedTensor | null;
  readonly keyNorm: WantedTensor | null;
  readonly output: MatrixNames;
  readonly postAttentionNorm: WantedTensor;
  readonly gateUp: MatrixNames;
  readonly down: MatrixNames;
}

/** All tensors of a model, in the order in which they are used. */
export interface ModelNames {
  readonly embedding: MatrixNames;
  readonly layers: readonly LayerNames[];
  readonly finalNorm: WantedTensor;
  /** Null where the embedding is the head. */
  readonly head: MatrixNames | null;
}

/** The head of a model, of which a file may hold a copy although the embedding is the head. */
export const headName = 'lm_head.weight';

function matrix(
  ...parts: readonly (readonly [name: string, outputs: number, inputs: number])[]
): MatrixNames {
  return {
    parts: parts.map(([name, outputs, inputs]) => ({ name, shape: [outputs, inputs] })),
    outputs: parts.reduce((sum, [, outputs]) => sum + outputs, 0),
    inputs: parts[0]?.[2] ?? 0,
  };
}

/** What a model of this config is made of. */
export function namesOf(config: PretrainedConfig): ModelNames {
  const { hidden, inner, vocabulary, headDim } = config;
  const queries = config.heads * headDim;
  const keys = config.kvHeads * headDim;
  return {
    embedding: matrix(['model.embed_tokens.weight', vocabulary, hidden]),
    layers: Array.from({ length: config.layers }, (_, index) => {
      const name = (part: string) => `model.layers.${String(index)}.${part}`;
      const vector = (part: string, length: number) => ({ name: name(part), shape: [length] });
      const projections = [
        ['self_attn.q_proj', queries],
        ['self_attn.k_proj', keys],
        ['self_attn.v_proj', keys],
      ] as const;
      return {
        inputNorm: vector('input_layernorm.weight', hidden),
        qkv: matrix(
          ...projections.map(([part, outputs]) => [name(`${part}.weight`), outputs, hidden] as const),
        ),
        biases: config.biases ? projections.map(([part, outputs]) => vector(`${part}.bias`, outputs)) : [],
        queryNorm: config.queryKeyNorm ? vector('self_attn.q_norm.weight', headDim) : null,
        keyNorm: config.queryKeyNorm ? vector('self_attn.k_norm.weight', headDim) : null,
        output: matrix([name('self_attn.o_proj.weight'), hidden, queries]),
        postAttentionNorm: vector('post_attention_layernorm.weight', hidden),
        gateUp: matrix(
          [name('mlp.gate_proj.weight'), inner, hidden],
          [name('mlp.up_proj.weight'), inner, hidden],
        ),
        down: matrix([name('mlp.down_proj.weight'), hidden, inner]),
      };
    }),
    finalNorm: { name: 'model.norm.weight', shape: [hidden] },
    head: config.tied ? null : matrix([headName, vocabulary, hidden]),
  };
}

/** Every tensor of a model, once. */
export function tensorsOf({ embedding, layers, finalNorm, head }: ModelNames): readonly WantedTensor[] {
  return [
    ...embedding.parts,
    ...layers.flatMap((layer) => [
      layer.inputNorm,
      ...layer.qkv.parts,
      ...layer.biases,
      ...[layer.queryNorm, layer.keyNorm].filter((norm) => norm !== null),
      ...layer.output.parts,
      layer.postAttentionNorm,
      ...layer.gateUp.parts,
      ...layer.down.parts,
    ]),
    finalNorm,
    ...(head?.parts ?? []),
  ];
}
