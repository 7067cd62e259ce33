import { createStore } from 'zustand/vanilla';
import { failureOf } from '../lib/failure.ts';
import { LabError } from '../lib/labError.ts';
import { randomReals } from '../lib/philox.ts';
import { TimedWorker } from '../lib/timedWorker.ts';
import { modelOf } from '../model/models.ts';
import { joined } from '../onnx/protobuf.ts';
import type { OnnxAnswer, OnnxQuestion } from '../onnx/protocol.ts';
import { writeOnnx } from '../onnx/qwen3.ts';
import { thisLab } from '../records/thisLab.ts';
import { type Failure, type HeldModel, type LaneId, type Side, sides } from '../session/protocol.ts';
import { keepsAnchor } from '../settings/relevance.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { offersOf, type Offer, pick } from './nextToken.ts';
import { askModel } from './connection.ts';
import type { Lane } from './lanes.ts';

/** A token of an answer, and what stood beside it. */
export interface Written {
  readonly chosen: Offer;
  /** Likeliest first. */
  readonly others: readonly Offer[];
}

/** The answer of one model. */
export interface Answer {
  /** Steps that the model was trained for; null while it is fetched. */
  readonly step: number | null;
  readonly written: readonly Written[];
  /** 'cut': it came to the longest completion of the lane. */
  readonly state: 'loading' | 'writing' | 'ended' | 'cut' | Failure;
}

/** What ONNX Runtime computes with: WebAssembly on the CPU, or WebGPU. */
export type Provider = 'wasm' | 'webgpu';

/** A question to the models of a lane. */
export interface Question {
  readonly lane: LaneId;
  readonly name: string;
  readonly settings: Settings;
  /** Null: as the models are now; else as they were at a checkpoint. */
  readonly step: number | null;
  readonly prompt: string;
  /** 0: the likeliest token. */
  readonly temperature: number;
  /** Which of the random answers. */
  readonly draw: number;
  readonly provider: Provider;
}

export interface Playground {
  readonly question: Question | null;
  readonly answers: Partial<Readonly<Record<Side, Answer>>>;
  /** What is wrong with the question itself. */
  readonly refused: string | null;
}

export const playground = createStore<Playground>()(() => ({ question: null, answers: {}, refused: null }));

/** A model of the lab answers in milliseconds; ONNX Runtime itself is loaded before the first of them. */
const limitMs = 60_000;

const runtimes: Readonly<Record<Provider, TimedWorker<OnnxQuestion, OnnxAnswer>>> = {
  wasm: new TimedWorker(
    () => new Worker(new URL('../onnx/onnxWorker.ts', import.meta.url), { type: 'module', name: 'onnx' }),
    limitMs,
  ),
  webgpu: new TimedWorker(
    () =>
      new Worker(new URL('../onnx/onnxWorker.ts', import.meta.url), {
        type: 'module',
        name: 'onnx on webgpu',
      }),
    limitMs,
  ),
};

/** Whether ONNX Runtime can compute by WebGPU: its build for that suspends WebAssembly while the GPU computes. */
export function hasWebgpuProvider(): boolean {
  return 'gpu' in navigator && 'Suspending' in WebAssembly;
}

/** Grows with every question and every other way taken: what an older one still writes is discarded. */
const generations = new Map<Side, number>();

/** Has base, policy and anchor of a lane answer a prompt, side by side. */
export function askPlayground(lane: Lane, given: Omit<Question, 'lane' | 'name' | 'settings'>): void {
  const { id, name, settings } = lane;
  const question: Question = { ...given, lane: id, name, settings };
  let prompt: readonly number[];
  try {
    prompt = modelOf(settings.model).tokenizer.encode(question.prompt);
    if (prompt.length === 0) throw new LabError('bad-setting', 'The prompt is empty.', 'Type one.');
  } catch (error) {
    const { sentence, remedy } = failureOf(error);
    playground.setState({ refused: `${sentence} ${remedy}` });
    return;
  }
  const asked = sides.filter((side) => side !== 'anchor' || keepsAnchor(settings));
  playground.setState({ question, answers: {}, refused: null });
  for (const side of sides) generations.set(side, (generations.get(side) ?? 0) + 1);
  for (const side of asked) {
    tell(side, { step: null, written: [], state: 'loading' });
    void attempt(side, question, async () => {
      const held = await askModel(id, side, question.step);
      await openModel(side, held, question);
      return { step: held.step, written: [], state: 'writing' };
    });
  }
}

/** Has a model go on from another token than the one it chose. */
export function goOnFrom(side: Side, at: number, other: Offer): void {
  const { question, answers } = playground.getState();
  const answer = answers[side];
  const instead = answer?.written[at];
  if (question === null || answer === undefined || instead === undefined) return;
  const others = [instead.chosen, ...instead.others]
    .filter(({ id }) => id !== other.id)
    .sort((a, b) => b.probability - a.probability);
  const written = [...answer.written.slice(0, at), { chosen: other, others }];
  generations.set(side, (generations.get(side) ?? 0) + 1);
  void attempt(side, question, () => Promise.resolve({ ...answer, written, state: 'writing' }));
}

/** @throws LabError where ONNX Runtime can't be had, or can't read the model */
async function ask(provider: Provider, question: OnnxQuestion): Promise<Float32Array> {
  const remedy = 'Try again; the run goes on.';
  const answer = await runtimes[provider].ask(question).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new LabError('bad-file', `ONNX Runtime can’t be loaded: ${words}.`, remedy, error);
  });
  if (answer === null)
    throw new LabError('bad-file', `ONNX Runtime took longer than ${limitMs / 1000} s.`, remedy);
  if ('failure' in answer) {
    // A device that was lost stays so: the next question starts another worker.
    if (provider === 'webgpu') runtimes.webgpu.end();
    throw new LabError('bad-file', `ONNX Runtime: ${answer.failure.sentence}`, remedy);
  }
  if ('logits' in answer) return answer.logits;
  throw new Error('ONNX Runtime answered another question');
}

async function openModel(side: Side, held: HeldModel, { settings, provider }: Question): Promise<void> {
  const { tokenizer } = modelOf(settings.model);
  const file = joined(writeOnnx({ ...held, tokenizer }, thisLab.version));
  await ask(provider, { type: 'open', name: side, file, config: held.config });
}

/** Writes an answer to its end, from what `begin` gives. */
async function attempt(side: Side, question: Question, begin: () => Promise<Answer>): Promise<void> {
  const mine = generations.get(side);
  const gone = (): boolean => generations.get(side) !== mine;
  try {
    let answer = await begin();
    while (!gone()) {
      answer = { ...answer, state: stateOf(answer.written, question.settings) };
      tell(side, answer);
      if (answer.state !== 'writing') return;
      answer = { ...answer, written: [...answer.written, await next(side, question, answer.written)] };
    }
  } catch (error) {
    if (!gone()) tell(side, { ...blank, ...playground.getState().answers[side], state: failureOf(error) });
  }
}

const blank: Answer = { step: null, written: [], state: 'loading' };

function stateOf(written: readonly Written[], { model, maxCompletionLength }: Settings): Answer['state'] {
  if (written.at(-1)?.chosen.id === modelOf(model).tokenizer.endToken) return 'ended';
  return written.length >= maxCompletionLength ? 'cut' : 'writing';
}

async function next(side: Side, question: Question, written: readonly Written[]): Promise<Written> {
  const { settings, prompt, temperature, draw, provider } = question;
  const { tokenizer } = modelOf(settings.model);
  const tokens = [...tokenizer.encode(prompt), ...written.map(({ chosen }) => chosen.id)];
  const offers = offersOf(await ask(provider, { type: 'read', name: side, tokens }), tokenizer);
  // A real per place, so that another way taken before it changes nothing.
  const real = randomReals(draw, 'evaluationSample', written.length)();
  const chosen = pick(offers, temperature, real);
  return { chosen, others: offers.filter(({ id }) => id !== chosen.id).slice(0, mostOthers) };
}

/** Alternatives shown. */
const mostOthers = 5;

function tell(side: Side, answer: Answer): void {
  playground.setState(({ answers }) => ({ answers: { ...answers, [side]: answer } }));
}
