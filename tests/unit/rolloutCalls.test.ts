import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolloutCalls, textsInFlight } from '../../src/engine/frozen/rolloutCalls.ts';
import { requestsFor } from '../../src/trainer/rollouts.ts';

const cut = (counts: { M: number; N: number }, prompts: number, completions: number, texts: number) =>
  rolloutCalls(requestsFor(prompts, { ...counts, V: 0, shadow: 0 }, 1), () => 11, {
    ...{ completions, promptTokens: 10 * texts },
  });

describe('rollouts are cut into calls', () => {
  it('of as many as are in flight, where a step has as many of each prompt as the room is made for', () => {
    const texts = textsInFlight({ prompts: 4, rollouts: 32 }, 32);
    expect(texts).toBe(9);
    expect(cut({ M: 4, N: 4 }, 4, 32, texts).map(({ length }) => length)).toEqual([32]);
    expect(cut({ M: 8, N: 8 }, 4, 32, texts).map(({ length }) => length)).toEqual([32, 32]);
    expect(
      cut({ M: 5, N: 5 }, 8, 32, textsInFlight({ prompts: 8, rollouts: 80 }, 32)).map((call) => call.length),
    ).toEqual([32, 32, 16]);
    // One of the anchor's a prompt: as many as there are texts.
    expect(cut({ M: 1, N: 1 }, 12, 8, 3).map(({ length }) => length)).toEqual(Array(8).fill(3));
  });

  it('each once and in order, within the room, whatever they are', () => {
    const request = fc.record({
      prompt: fc.nat(5),
      model: fc.constantFrom('policy' as const, 'anchor' as const),
    });
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(request),
        lengths,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 8, max: 30 }),
        (requests, of, completions, promptTokens) => {
          const length = (prompt: number) => of[prompt] ?? 0;
          const calls = rolloutCalls(requests, length, { completions, promptTokens });
          expect(calls.flat()).toEqual(requests);
          const tokens = calls.map((call) =>
            [...new Map(call.map((each) => [`${each.model} ${String(each.prompt)}`, each])).values()].reduce(
              (sum, { prompt }) => sum + length(prompt) - 1,
              0,
            ),
          );
          calls.forEach((call, i) => {
            expect(call.length).toBeLessThanOrEqual(completions);
            expect(tokens[i]).toBeLessThanOrEqual(promptTokens);
            // Another one would not have fitted.
            const [next] = calls[i + 1] ?? [];
            if (next === undefined || call.length === completions) return;
            expect((tokens[i] ?? 0) + length(next.prompt) - 1).toBeGreaterThan(promptTokens);
          });
        },
      ),
    );
  });
});
