import type { ShownGroup, ShownRollout } from '../../session/protocol.ts';

/** What becomes of a rollout: it trains, it votes only, it is watched only, or the filter dropped it. */
export type Fate = 'kept' | 'votes' | 'watched' | 'pruned';

/** The fate of a rollout; a shadow anchor's neither vote nor train. */
export function fateOf({ source, kept }: ShownRollout): Fate {
  if (source === 'shadow') return 'watched';
  if (!kept) return 'pruned';
  return source === 'policy' ? 'kept' : 'votes';
}

/** How often an answer was given by rollouts that vote. */
export interface Tally {
  /** null: no answer. */
  readonly answer: string | null;
  readonly policy: number;
  readonly anchor: number;
}

/** What a vote is counted from. */
export interface Voted extends Pick<ShownGroup, 'prompt' | 'pseudoLabel' | 'solution'> {
  readonly rollouts: readonly Pick<ShownRollout, 'answer' | 'votes' | 'source'>[];
}

/** Votes per answer, most first; no answer, which never votes, last. */
export function tally({ rollouts }: Voted): readonly Tally[] {
  const counts = new Map<string | null, { policy: number; anchor: number }>();
  for (const rollout of rollouts) {
    if (!rollout.votes) continue;
    const count = counts.get(rollout.answer) ?? { policy: 0, anchor: 0 };
    count[rollout.source === 'anchor' ? 'anchor' : 'policy']++;
    counts.set(rollout.answer, count);
  }
  return [...counts]
    .map(([answer, count]) => ({ answer, ...count }))
    .sort((a, b) => {
      if ((a.answer === null) !== (b.answer === null)) return a.answer === null ? 1 : -1;
      return b.policy + b.anchor - (a.policy + a.anchor);
    });
}
