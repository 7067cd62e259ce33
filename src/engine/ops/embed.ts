import backward from '../../../shaders/ops/embed.backward.wgsl';
import forward from '../../../shaders/ops/embed.forward.wgsl';
import { activationPrelude } from '../activations.ts';
import { modelsOf, quarter, type Recorder, type RowSpace } from '../recorder.ts';
import { partialParams, type GradientRows } from '../partials.ts';

/** x = embedding[token]. token [rows], x [rows, H]. */
export function embedForward(r: Recorder, space: RowSpace, token: GPUBuffer, x: GPUBuffer): void {
  const hidden4 = quarter(r.config.hidden_size);
  r.program.dispatch(
    r.kernels.get(forward, {}, activationPrelude(r.plan.activations)),
    { parameters: r.parameters.slabs, token, x },
    { rows: space.rows, hidden4, weight4: quarter(r.layout.embedding), ...modelsOf(space) },
    () => space.rows.value * hidden4,
  );
}

/** Adds (tied) or writes the embedding's gradient from dx [rows, H]. */
export function embedBackward(r: Recorder, of: GradientRows, token: GPUBuffer, dx: GPUBuffer): void {
  const hidden4 = quarter(r.config.hidden_size);
  const { accumulate, ...rest } = partialParams(r, of);
  r.program.dispatch(
    r.kernels.get(backward),
    { token, dx, partials: r.parameters.policy.partials },
    {
      ...rest,
      // A tied head has written its share of this gradient already.
      accumulate: r.config.tie_word_embeddings ? 1 : accumulate,
      vocab: r.config.vocab_size,
      hidden4,
      weight4: quarter(r.layout.embedding),
    },
    r.parameters.policy.splits * r.config.vocab_size * hidden4,
  );
}
