import { exactJson } from '../lib/exactJson.ts';
import type { PackedStep } from '../storage/keptRollouts.ts';
import type { RecordedStep } from './recordedStep.ts';

/** Figures of a prompt that may be NaN, which JSON has not. */
const figures = ['threshold', 'iqr', 'agreement'] as const;

/** A recorded step as bytes: u32 length of a JSON header, the header, padded to four, then all arrays, little-endian. */
export function packStep({ step, prompts, tokens, numbers, learned }: RecordedStep): PackedStep {
  const head = exactJson({
    prompts: prompts.map((prompt) => ({
      ...prompt,
      ...Object.fromEntries(figures.map((name) => [name, finite(prompt[name])])),
    })),
    tokens: tokens.length,
    numbers: numbers.length,
    learned: learned === null ? null : { tokens: learned.losses.length, weights: learned.weights },
  });
  const text = new TextEncoder().encode(head);
  const padded = 4 * Math.ceil(text.length / 4);
  const arrays = [tokens, numbers, ...(learned === null ? [] : [learned.ratios, learned.k3, learned.losses])];
  const bytes = new Uint8Array(4 + padded + arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  new DataView(bytes.buffer).setUint32(0, padded, true);
  bytes.fill(0x20, 4, 4 + padded);
  bytes.set(text, 4);
  let at = 4 + padded;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return { step, bytes };
}

interface Head {
  readonly prompts: readonly (Omit<RecordedStep['prompts'][number], (typeof figures)[number]> &
    Record<(typeof figures)[number], number | null>)[];
  readonly tokens: number;
  readonly numbers: number;
  readonly learned: { readonly tokens: number; readonly weights: readonly number[] } | null;
}

/** The inverse of `packStep`; its checksum says that the bytes are the same. */
export function unpackStep({ step, bytes }: PackedStep): RecordedStep {
  // A copy: what was read may begin anywhere in its buffer.
  const { buffer } = bytes.slice();
  const padded = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, padded))) as Head;
  let at = 4 + padded;
  const floats = (length: number): Float32Array<ArrayBuffer> => {
    const array = new Float32Array(buffer, at, length);
    at += array.byteLength;
    return array;
  };
  const tokens = new Uint32Array(buffer, at, head.tokens);
  at += tokens.byteLength;
  const numbers = floats(head.numbers);
  const { learned } = head;
  return {
    step,
    prompts: head.prompts.map((prompt) => ({
      ...prompt,
      threshold: prompt.threshold ?? NaN,
      iqr: prompt.iqr ?? NaN,
      agreement: prompt.agreement ?? NaN,
    })),
    tokens,
    numbers,
    learned:
      learned === null
        ? null
        : {
            weights: learned.weights,
            ratios: floats(learned.tokens),
            k3: floats(learned.tokens),
            losses: floats(learned.tokens),
          },
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
