import type { Pool, PoolSettings } from '../spec/algorithm.ts';

/** The policy samples the whole group, and is trained on it. */
export function policyAlone({ groupSize }: PoolSettings): Pool {
  return { M: groupSize, V: 0, N: 0 };
}

/** N = round(G · share) of the group are the anchor's. */
export function withAnchor({ groupSize, anchorShare }: PoolSettings): Pool {
  const N = Math.round(groupSize * anchorShare);
  return { M: groupSize - N, V: 0, N };
}
