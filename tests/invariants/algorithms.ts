import { algorithms } from '../../src/algorithms/index.ts';
import { matchLabel } from '../../src/rl/reward.ts';
import type { Algorithm } from '../../src/spec/algorithm.ts';

// Which algorithms a test runs on follows from what they declare: one that is added is tested.

const idsWhere = (test: (algorithm: Algorithm) => boolean): string[] =>
  Object.entries(algorithms).flatMap(([id, algorithm]) => (test(algorithm) ? [id] : []));

export const everyAlgorithm = Object.keys(algorithms);
export const labelFree = idsWhere(({ needsTruth }) => !needsTruth);
export const oracles = idsWhere(({ needsTruth }) => needsTruth);
/** Without an anchor of their own: it can only be watched. */
export const anchorless = idsWhere(({ anchor }) => anchor === 'none');
/** Rewarded for the label's answer. */
export const matching = idsWhere(({ reward }) => reward === matchLabel);

/** Everything that decides what becomes of rollouts, as opposed to who samples them and what is said of it. */
function rulesOf({
  name: _,
  paper: __,
  summary: ___,
  anchor: ____,
  pool: _____,
  ...rules
}: Algorithm): unknown[] {
  return Object.values(rules);
}

/** Pairs of the same rules, one with an anchor and one without: without anchor rollouts they are one algorithm. */
export const twins: readonly (readonly [anchored: string, alone: string])[] = idsWhere(
  ({ anchor }) => anchor === 'ema',
).flatMap((anchored) =>
  anchorless
    .filter((alone) => {
      const [one, other] = [algorithms[anchored], algorithms[alone]];
      if (one === undefined || other === undefined) return false;
      const rules = rulesOf(other);
      return rulesOf(one).every((rule, i) => rule === rules[i]);
    })
    .map((alone) => [anchored, alone] as const),
);
