import '../lib/trustedScripts.ts';
import { failureOf } from '../lib/failure.ts';
import { ready } from '../lib/timedWorker.ts';
import type { ModelConfig } from '../model/config.ts';
import { evaluateWith } from './evaluate.ts';
import { OnnxModel, onGpu, onThreads, type Context } from './onnxModel.ts';
import type { Message } from './protobuf.ts';
import type { OnnxAnswer, OnnxQuestion } from './protocol.ts';

// The script of a worker: ONNX Runtime computes where it is called, and the page must not wait for it. Its threads are
// workers with this very script, and have a name by which it knows them.

/** A model, the last text that it read, and what it knows of that. */
interface Opened {
  readonly model: OnnxModel;
  readonly size: number;
  tokens: readonly number[];
  context: Context | null;
}

const opened = new Map<string, Opened>();

/** Whether models are computed by WebGPU. */
const byGpu = self.name === 'onnx on webgpu';

async function opening(file: Message, config: ModelConfig): Promise<OnnxModel> {
  return byGpu ? OnnxModel.open(file, config, await onGpu()) : OnnxModel.open(file, config);
}

async function answer(question: OnnxQuestion): Promise<OnnxAnswer> {
  if (question.type === 'evaluate') return { completions: await evaluateWith(question) };
  return { logits: await logits(question) };
}

async function logits(question: Exclude<OnnxQuestion, { type: 'evaluate' }>): Promise<Float32Array> {
  const known = opened.get(question.name);
  if (question.type === 'open') {
    opened.delete(question.name);
    await known?.model.close();
    const model = await opening([question.file], question.config);
    opened.set(question.name, { model, size: question.config.vocab_size, tokens: [], context: null });
    return new Float32Array(0);
  }
  if (known === undefined) throw new Error(`no model "${question.name}" was opened`);
  const { tokens } = question;
  const goesOn = tokens.length > known.tokens.length && known.tokens.every((id, at) => tokens[at] === id);
  const read = goesOn
    ? await known.model.read([tokens.slice(known.tokens.length)], known.context)
    : await known.model.read([tokens], null);
  known.tokens = tokens;
  known.context = read.context;
  return read.logits.slice(-known.size);
}

if (self.name !== 'em-pthread') {
  // The Playground's, not that of evaluation; only where the page is isolated is there memory that threads can share.
  if (self.name === 'onnx' && crossOriginIsolated)
    onThreads(Math.max(1, Math.min(4, Math.floor(navigator.hardwareConcurrency / 2))));
  self.onmessage = ({ data }: MessageEvent<OnnxQuestion>) => {
    void answer(data)
      .catch((error: unknown): OnnxAnswer => ({ failure: failureOf(error) }))
      .then((message) => {
        self.postMessage(message);
      });
  };
  self.postMessage(ready);
}
