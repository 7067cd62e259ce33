import type { RolloutRequest } from '../rollout/call.ts';
import type { FrozenCapacity } from './sizes.ts';

/** What a text is known by: a prompt as one model reads it, computed once for all of its completions. */
export function textOf({ prompt, model }: Pick<RolloutRequest, 'prompt' | 'model'>): string {
  return `${model} ${String(prompt)}`;
}

/**
 * Requests, in order, cut into calls: as many as are in flight, and no more texts than there is room for. What a completion becomes depends on its own words alone, so that no cut changes a bit.
 * @param length tokens of a prompt
 */
export function rolloutCalls<Request extends Pick<RolloutRequest, 'prompt' | 'model'>>(
  requests: readonly Request[],
  length: (prompt: number) => number,
  { completions, promptTokens }: Pick<FrozenCapacity, 'completions' | 'promptTokens'>,
): (readonly Request[])[] {
  const calls: Request[][] = [];
  let texts = new Set<string>();
  let tokens = 0;
  for (const request of requests) {
    const text = textOf(request);
    const more = texts.has(text) ? 0 : length(request.prompt) - 1;
    const call = calls.at(-1);
    if (call !== undefined && call.length < completions && tokens + more <= promptTokens) {
      call.push(request);
      tokens += more;
    } else {
      calls.push([request]);
      [texts, tokens] = [new Set(), length(request.prompt) - 1];
    }
    texts.add(text);
  }
  return calls;
}

/** How many texts a step's completions in flight are of, where half of a prompt's are the anchor's. */
export function textsInFlight(
  { prompts, rollouts }: { readonly prompts: number; readonly rollouts: number },
  completions: number,
): number {
  return Math.min(completions, Math.ceil((2 * prompts * completions) / rollouts) + 1);
}
