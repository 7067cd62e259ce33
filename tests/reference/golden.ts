import { readFileSync } from 'node:fs';
import type { Qwen3Config } from './weights.ts';

/** One prompt of expected.json: what an independent float64 NumPy implementation computed. */
export interface GoldenCase {
  readonly prompt: string;
  readonly greedy: string;
  readonly completion: string;
  /** Prompt then completion. */
  readonly ids: readonly number[];
  readonly logits_last_prompt_token: readonly number[];
  /** Per completion token, at the file's temperature, nats. */
  readonly log_probs: readonly number[];
  readonly entropies: readonly number[];
}

export interface Golden {
  readonly config: Qwen3Config;
  readonly weights: Map<string, Float64Array>;
  /** Character → id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly temperature: number;
  readonly cases: readonly GoldenCase[];
}

const folder = new URL('../fixtures/qwen3-sort-25k/', import.meta.url);

/** The fixture is committed and checked by the tests that use it, so its JSON is taken at its word. */
function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
}

/** F32 tensors of a safetensors file: u64 header length, JSON header, little-endian data. */
export function readSafetensors(bytes: Uint8Array): Map<string, Float64Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + headerLength));
  const header = JSON.parse(text) as Record<string, { dtype?: string; data_offsets?: [number, number] }>;
  const tensors = new Map<string, Float64Array>();
  for (const [name, { dtype, data_offsets: offsets }] of Object.entries(header)) {
    if (dtype !== 'F32' || offsets === undefined) continue;
    const [begin, end] = offsets;
    const start = 8 + headerLength + begin;
    tensors.set(
      name,
      Float64Array.from({ length: (end - begin) / 4 }, (_, i) => view.getFloat32(start + 4 * i, true)),
    );
  }
  return tensors;
}

/** The model made elsewhere, with its answers. */
export function readGolden(): Golden {
  const expected = readJson('expected.json') as { temperature: number; cases: GoldenCase[] };
  const tokenizer = readJson('tokenizer.json') as { model: { vocab: Record<string, number> } };
  return {
    config: readJson('config.json') as Qwen3Config,
    weights: readSafetensors(readFileSync(new URL('model.safetensors', folder))),
    vocabulary: new Map(Object.entries(tokenizer.model.vocab)),
    temperature: expected.temperature,
    cases: expected.cases,
  };
}
