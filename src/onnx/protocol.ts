import type { Failure } from '../lib/failure.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Layout } from '../model/layout.ts';
import type { ApartAnswer, ApartQuestion } from '../trainer/apart.ts';

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
  | { readonly type: 'read'; readonly name: string; readonly tokens: readonly number[] }
  /** What policy and anchor of a lane answer to all that an evaluation asks. `base`: name of its base model. */
  | ({
      readonly type: 'evaluate';
      readonly base: string;
      readonly config: ModelConfig;
      readonly layout: Layout;
    } & ApartQuestion);

/** `logits` [V]: of the token after the text; empty for `open`. `completions` for `evaluate`. */
export type OnnxAnswer =
  { readonly logits: Float32Array } | { readonly completions: ApartAnswer } | { readonly failure: Failure };
