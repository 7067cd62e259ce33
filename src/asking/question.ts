import type { FrozenWork } from '../bench/frozenPrice.ts';
import { widthsOf, type FrozenCapacity } from '../engine/frozen/sizes.ts';
import { LabError } from '../lib/labError.ts';
import { largest } from '../lib/stats.ts';
import { Calls } from './calls.ts';
import type { AskedModel } from './model.ts';
import type { AskedText } from './prompts.ts';
import { writtenOnce } from './writtenOnce.ts';

/** Rows of a pass over prompts. */
const passRows = 128;
/** Bytes of the logits in flight, one binding. */
const logitsBytes = 2 ** 27;

/** Completions of a question: all of them are held at once. */
const mostCompletions = 2 ** 20;

/** What an engine must hold for some calls. @param lengths tokens of each prompt */
function capacityOf(calls: Calls, lengths: readonly number[], maxTokens: number): FrozenCapacity {
  return {
    completions: Math.max(1, calls.inFlight),
    passRows,
    promptTokens: largest(
      calls.sums((prompt) => (lengths[prompt] ?? 1) - 1),
      1,
    ),
    maxPromptLength: largest(lengths),
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
  readonly calls: Calls;
  readonly capacity: FrozenCapacity;
  /** The first prompt as the model is given it. */
  readonly first: string;
}

/**
 * Prompts as tokens, and how their completions are cut into calls.
 * @throws LabError where there are too many to hold, a prompt has no token, or two folders' tokenizers differ on one
 */
export async function questionOf(
  asked: readonly AskedModel[],
  prompts: readonly AskedText[],
  how: Manner,
): Promise<Question> {
  const completions = prompts.length * how.groupSize;
  if (completions > mostCompletions)
    throw new LabError(
      'does-not-fit',
      `${counted(how.groupSize)} completions of each of ${counted(prompts.length)} prompts are ${counted(completions)}, and at most ${counted(mostCompletions)} are held at a time.`,
      'Ask for fewer of each, or give a part of the prompts.',
    );
  const [written = [], others] = await Promise.all(
    asked.map(async (each) => writtenOnce(each, prompts, how.template)),
  );
  const ids = written.map((each) => each.ids);
  ids.forEach((own, i) => {
    if (own.length === 0)
      throw new LabError('bad-file', `Prompt ${String(i + 1)} has no token.`, 'Give it at least one.');
    const other = others?.[i]?.ids;
    if (other === undefined || alike(own, other)) return;
    throw new LabError(
      'bad-setting',
      `The two folders' tokenizers differ: prompt ${String(i + 1)} has other tokens.`,
      'Compare two models of one tokenizer.',
    );
  });
  const [first] = asked;
  // Fewer where their logits would not fit a binding.
  const most = first === undefined ? 0 : Math.floor(logitsBytes / (4 * widthsOf(first.model.config).logits));
  const calls = new Calls(prompts.length, how.groupSize, Math.max(1, Math.min(how.rows, most)));
  const capacity = capacityOf(
    calls,
    ids.map(({ length }) => length),
    how.maxTokens,
  );
  return { prompts, ids, calls, capacity, first: written[0]?.text ?? '', ...how };
}

function counted(count: number): string {
  return count.toLocaleString('en');
}

function alike(own: readonly number[], other: readonly number[]): boolean {
  return own === other || (own.length === other.length && own.every((token, i) => token === other[i]));
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
    promptTokens: total(calls.sums((prompt) => ids[prompt]?.length ?? 0)),
    positions: calls.count * maxTokens,
    inFlight: capacity.completions,
    scoredRows,
  };
}

function total(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
