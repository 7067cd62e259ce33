import type { ShownGroup } from '../../trainer/protocol.ts';

/** How often an answer was given. */
export interface Tally {
  /** null: no answer. */
  readonly answer: string | null;
  readonly policy: number;
  readonly anchor: number;
}

/** Votes per answer over all rollouts, most first; no answer, which never votes, last. */
export function tally({ rollouts }: ShownGroup): readonly Tally[] {
  const counts = new Map<string | null, { policy: number; anchor: number }>();
  for (const { answer, source } of rollouts) {
    const count = counts.get(answer) ?? { policy: 0, anchor: 0 };
    count[source]++;
    counts.set(answer, count);
  }
  return [...counts]
    .map(([answer, count]) => ({ answer, ...count }))
    .sort((a, b) => {
      if ((a.answer === null) !== (b.answer === null)) return a.answer === null ? 1 : -1;
      return b.policy + b.anchor - (a.policy + a.anchor);
    });
}
