import type { Failure } from '../lib/failure.ts';
import type { ModelConfig } from '../model/config.ts';

/** What the page asks of the worker that runs ONNX models; one question after another. */
export type OnnxQuestion =
  /** Loads a model under a name, in the place of one that has it. */
  | {
      readonly type: 'open';
      readonly name: string;
      readonly file: Uint8Array<ArrayBuffer>;
      readonly config: ModelConfig;
    }
  /** What the model makes of a text. Of one that goes on from the last one asked for, only what is new is read. */
  | { readonly type: 'read'; readonly name: string; readonly tokens: readonly number[] };

/** `logits` [V]: of the token after the text; empty for `open`. */
export type OnnxAnswer = { readonly logits: Float32Array } | { readonly failure: Failure };
