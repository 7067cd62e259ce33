import * as v from 'valibot';
import { parseJson, smallJson } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { excerpt, mostQuoted, quote, saidBy } from '../../lib/quote.ts';
import type { ModelFolder } from './folder.ts';
import type { MatrixNames, ModelNames, WantedTensor } from './tensors.ts';
import { openTensors, type StoredWeights } from './weights.ts';

/** The matrices of a layer that an adapter may change, by the last part of their names. */
export const adaptable = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type Target = (typeof adaptable)[number];

/** The products of a layer of which an adapter may change parts. */
export const adaptedProducts = ['qkv', 'output', 'gateUp', 'down'] as const;
export type AdaptedProduct = (typeof adaptedProducts)[number];

/** What an adapter_config.json says: y = W·x + scale·B·(A·x) for each target, A of [rank, in], B of [out, rank]. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** alpha ÷ rank, or alpha ÷ √rank with use_rslora. */
  readonly scale: number;
  readonly targets: readonly Target[];
}

/** An adapter as PEFT saves it, its factors still in their file. */
export interface Adapter {
  readonly config: AdapterConfig;
  /** adapter_config.json as it was found. */
  readonly configText: string;
  readonly weights: StoredWeights;
}

/** What tells a folder of an adapter, and what it holds. */
export const adapterFileNames = {
  config: 'adapter_config.json',
  weights: 'adapter_model.safetensors',
} as const;
const configName = adapterFileNames.config;
const mostConfigBytes = 2 ** 20;
/** Kernels work with any rank; a larger one is no adapter any more. */
const mostRank = 256;

const schema = v.object({
  peft_type: v.literal('LORA'),
  r: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(mostRank)),
  lora_alpha: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6)),
  target_modules: v.pipe(v.array(v.picklist(adaptable)), v.minLength(1)),
  use_rslora: v.optional(v.boolean()),
});

type Value = string | number | boolean | object | null;
const isAbsent = (value: Value): boolean => value === null;
const isFalse = (value: Value): boolean => value === false || value === null;
const isEmpty = (value: Value): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
/** Ways to begin that leave the base as it is. */
const harmlessStarts: readonly Value[] = [true, false, null, 'gaussian', 'orthogonal', 'eva'];

/** Keys that change what an adapter computes, and the values that don't, in words and as a test. */
const switches: Readonly<Record<string, readonly [string, (value: Value) => boolean]>> = {
  fan_in_fan_out: ['false', isFalse],
  bias: ['"none"', (value) => value === 'none'],
  lora_bias: ['false', isFalse],
  use_dora: ['false', isFalse],
  use_qalora: ['false', isFalse],
  modules_to_save: ['null', isEmpty],
  rank_pattern: ['{}', isEmpty],
  alpha_pattern: ['{}', isEmpty],
  layers_to_transform: ['null', isAbsent],
  layers_pattern: ['null', isEmpty],
  layer_replication: ['null', isAbsent],
  exclude_modules: ['null', isEmpty],
  target_parameters: ['null', isEmpty],
  trainable_token_indices: ['null', isEmpty],
  init_lora_weights: ['true, "gaussian", "orthogonal" or "eva"', (value) => harmlessStarts.includes(value)],
};

/**
 * Validates a parsed adapter_config.json.
 * @throws LabError `bad-file` naming the key, its value and the rule
 */
export function parseAdapterConfig(json: unknown): AdapterConfig {
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
  const { r: rank, lora_alpha: alpha, target_modules, use_rslora } = result.output;
  const targets = adaptable.filter((target) => target_modules.includes(target));
  return { rank, alpha, scale: alpha / (use_rslora === true ? Math.sqrt(rank) : rank), targets };
}

/**
 * The adapter_config.json of an adapter that began here, as PEFT writes one.
 * @param base what the base model is called
 */
export function adapterConfigText(
  { rank, alpha, targets }: Omit<AdapterConfig, 'scale'>,
  base: string,
): string {
  const written = {
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    target_modules: targets.toSorted(),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
  return JSON.stringify(written, null, 2);
}

/** One matrix of a model, and the names of its adapter's factors. */
export interface AdaptedTensor {
  readonly target: Target;
  /** Of the matrix, in the model. */
  readonly name: string;
  /** Of a product's outputs, those that are this matrix's: [first, first + outputs). */
  readonly first: number;
  readonly outputs: number;
  readonly inputs: number;
  /** [rank, inputs] */
  readonly a: WantedTensor;
  /** [outputs, rank] */
  readonly b: WantedTensor;
}

/** The matrices that an adapter of such targets changes, per layer and product. */
export function adaptedTensors(
  { layers }: Pick<ModelNames, 'layers'>,
  { rank, targets }: Pick<AdapterConfig, 'rank' | 'targets'>,
): readonly Readonly<Record<AdaptedProduct, readonly AdaptedTensor[]>>[] {
  const of = ({ parts, inputs }: MatrixNames): AdaptedTensor[] => {
    let end = 0;
    return parts.flatMap(({ name, shape }) => {
      const [outputs = 0] = shape;
      const first = end;
      end += outputs;
      const stem = name.replace(/\.weight$/, '');
      const target = targets.find((each) => stem.endsWith(`.${each}`));
      if (target === undefined) return [];
      const factor = (which: string, its: readonly number[]) => ({
        name: `base_model.model.${stem}.lora_${which}.weight`,
        shape: its,
      });
      return [
        {
          target,
          name,
          first,
          outputs,
          inputs,
          a: factor('A', [rank, inputs]),
          b: factor('B', [outputs, rank]),
        },
      ];
    });
  };
  return layers.map(({ qkv, output, gateUp, down }) => ({
    qkv: of(qkv),
    output: of(output),
    gateUp: of(gateUp),
    down: of(down),
  }));
}

/**
 * Reads what a PEFT folder says of its adapter, and finds its factors.
 * @param names of the model that it was made for
 * @throws LabError `bad-file` naming file, key or tensor, and the rule
 */
export async function openAdapter(folder: ModelFolder, names: ModelNames): Promise<Adapter> {
  const file = await folder.file(configName);
  if (file === null) {
    throw new LabError(
      'bad-file',
      `${folder.called} has no ${configName}.`,
      'Give a folder as PEFT saves an adapter: adapter_config.json and adapter_model.safetensors.',
    );
  }
  if (file.sizeBytes > mostConfigBytes) throw refusal(`it has ${String(file.sizeBytes)} bytes`);
  let configText: string;
  let json: unknown;
  try {
    configText = new TextDecoder('utf-8', { fatal: true }).decode(await file.read(0, file.sizeBytes));
    json = parseJson(configText, smallJson);
  } catch (cause) {
    throw refusal(
      cause instanceof SyntaxError ? 'it is no JSON' : `it can't be read: ${saidBy(cause)}`,
      cause,
    );
  }
  const config = parseAdapterConfig(json);
  const wanted = adaptedTensors(names, config).flatMap((layer) =>
    adaptedProducts.flatMap((product) => layer[product].flatMap(({ a, b }) => [a, b])),
  );
  const weights = await openTensors(folder, adapterFileNames.weights, wanted, {
    place: `the base model with the targets of ${configName}`,
    skipped: () => false,
  });
  return { config, configText, weights };
}

function refusal(what: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `${configName}: ${what}.`,
    'Give a LoRA adapter of attention and MLP matrices, as PEFT saves it.',
    cause,
  );
}
