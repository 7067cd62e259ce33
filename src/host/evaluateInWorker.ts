import { LabError } from '../lib/labError.ts';
import { TimedWorker } from '../lib/timedWorker.ts';
import type { OnnxAnswer, OnnxQuestion } from '../onnx/protocol.ts';
import type { EvaluateApart } from '../trainer/apart.ts';
import type { ShapeOfModel } from './host.ts';

/** A brake, no verdict: an evaluation of a preset takes a fraction of a second, the largest one some seconds. */
const limitMs = 60_000;

/** One for all lanes; ONNX Runtime is loaded by the first evaluation. */
const runtime = new TimedWorker<OnnxQuestion, OnnxAnswer>(
  () => new Worker(new URL('../onnx/onnxWorker.ts', import.meta.url), { type: 'module', name: 'evaluation' }),
  limitMs,
);

/** Evaluates a model of this shape in ONNX Runtime, in a worker of its own. */
export function evaluateInWorker({ name: base, config, layout }: ShapeOfModel): EvaluateApart {
  return async (question) => {
    const answer = await runtime
      .ask({ type: 'evaluate', base, config, layout, ...question })
      .catch((error: unknown) => {
        throw failed(`failed: ${error instanceof Error ? error.message : String(error)}`, error);
      });
    if (answer === null) throw failed(`took longer than ${String(limitMs / 1000)} s`);
    if ('completions' in answer) return answer.completions;
    throw failed('failure' in answer ? `failed: ${answer.failure.sentence}` : 'answered another question');
  };
}

function failed(what: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `ONNX Runtime ${what}.`,
    'The run goes on with the same figures, evaluated on the GPU between its steps.',
    cause,
  );
}
