import { positionsOf, type FrozenWork } from '../bench/frozenPrice.ts';
import type { FrozenCompletion } from '../engine/frozen/completion.ts';
import { widthsOf, type FrozenCapacity } from '../engine/frozen/sizes.ts';
import { LabError } from '../lib/labError.ts';
import type { PretrainedConfig } from '../model/pretrained/config.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';
import { writtenFor } from './written.ts';

/** Rows of a pass over prompts. */
const passRows = 128;
/** Bytes of the logits in flight, one binding. */
const logitsBytes = 2 ** 27;

/** Requests that are in flight together. */
export type Call = readonly { readonly prompt: number; readonly completion: number }[];

/**
 * Cuts G completions of every prompt into calls.
 * @param wanted completions in flight, at most; fewer where their logits would not fit a binding
 */
function callsOf(prompts: number, groupSize: number, wanted: number, config: PretrainedConfig): Call[] {
  const most = Math.max(1, Math.min(wanted, Math.floor(logitsBytes / (4 * widthsOf(config).logits))));
  const all = Array.from({ length: prompts * groupSize }, (_, i) => ({
    prompt: Math.floor(i / groupSize),
    completion: i % groupSize,
  }));
  return Array.from({ length: Math.ceil(all.length / most) }, (_, call) =>
    all.slice(call * most, (call + 1) * most),
  );
}

/** Prompts that a call needs, each once, ascending. */
export function promptsOf(call: Call): number[] {
  return [...new Set(call.map(({ prompt }) => prompt))];
}

/** What an engine must hold for some calls. @param lengths tokens of each prompt */
function capacityOf(calls: readonly Call[], lengths: readonly number[], maxTokens: number): FrozenCapacity {
  const tokens = calls.map((call) =>
    promptsOf(call).reduce((sum, prompt) => sum + (lengths[prompt] ?? 1) - 1, 0),
  );
  return {
    completions: calls[0]?.length ?? 1,
    passRows,
    promptTokens: Math.max(1, ...tokens),
    maxPromptLength: Math.max(...lengths),
    maxCompletionLength: maxTokens,
  };
}

/** How prompts are asked. */
export interface Manner {
  /** Completions of each prompt. */
  readonly groupSize: number;
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Of a completion. */
  readonly maxTokens: number;
  readonly seed: number;
  /** Completions in flight at once, at most. */
  readonly rows: number;
  /** How prompts are written: see `writerFor`. */
  readonly template: string | null;
}

/** What is asked, and how. */
export interface Question extends Manner {
  readonly prompts: readonly AskedText[];
  readonly ids: readonly (readonly number[])[];
  readonly calls: readonly Call[];
  readonly capacity: FrozenCapacity;
  /** The first prompt as the model is given it. */
  readonly first: string;
}

/**
 * Prompts as tokens, and how their completions are cut into calls.
 * @throws LabError where a prompt has no token, or two folders' tokenizers differ on one
 */
export async function questionOf(
  asked: readonly AskedModel[],
  prompts: readonly AskedText[],
  how: Manner,
): Promise<Question> {
  const [written = [], others] = await Promise.all(
    asked.map(async (each) => writtenFor(each, prompts, how.template)),
  );
  const [ids = [], theirs] = [written, others].map((of) => of?.map((each) => each.ids));
  ids.forEach((own, i) => {
    if (own.length === 0)
      throw new LabError('bad-file', `Prompt ${String(i + 1)} has no token.`, 'Give it at least one.');
    const other = theirs?.[i];
    if (other === undefined || own.join() === other.join()) return;
    throw new LabError(
      'bad-setting',
      `The two folders' tokenizers differ: prompt ${String(i + 1)} has other tokens.`,
      'Compare two models of one tokenizer.',
    );
  });
  const [first] = asked;
  const calls =
    first === undefined ? [] : callsOf(prompts.length, how.groupSize, how.rows, first.model.config);
  const capacity = capacityOf(
    calls,
    ids.map(({ length }) => length),
    how.maxTokens,
  );
  return { prompts, ids, calls, capacity, first: written[0]?.text ?? '', ...how };
}

/** What a question takes of each model at most. @param models how many are asked, and compared where there are two */
export function workOf(
  { prompts, ids, calls, capacity, groupSize, maxTokens }: Question,
  models: number,
): FrozenWork {
  const lengths = ids.reduce((sum, { length }) => sum + length, 0);
  // Each model reads what both have said.
  const scoredRows = models < 2 ? 0 : 2 * groupSize * (lengths + prompts.length * maxTokens);
  return {
    promptTokens: promptTokensOf(calls, ids),
    positions: calls.length * maxTokens,
    inFlight: capacity.completions,
    scoredRows,
  };
}

/** What a model's completions have taken of it. */
export function workDone(
  { ids, calls, capacity, maxTokens }: Question,
  said: readonly FrozenCompletion[],
): FrozenWork {
  let at = 0;
  const done = calls.flatMap((call) => {
    const own = said.slice(at, (at += call.length));
    return own.length === 0 ? [] : [{ call, longest: Math.max(...own.map(({ tokens }) => tokens.length)) }];
  });
  return {
    promptTokens: promptTokensOf(
      done.map(({ call }) => call),
      ids,
    ),
    positions: done.reduce((sum, { longest }) => sum + positionsOf(longest, maxTokens), 0),
    inFlight: capacity.completions,
    scoredRows: 0,
  };
}

function promptTokensOf(calls: readonly Call[], ids: Question['ids']): number {
  return calls.flatMap(promptsOf).reduce((sum, prompt) => sum + (ids[prompt]?.length ?? 0), 0);
}
