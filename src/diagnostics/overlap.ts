/** Shares of equal answers between and within the two models' rollouts, averaged over prompts. */
export interface PairShares {
  /** policy–anchor, policy–policy and anchor–anchor pairs. */
  readonly qk: number;
  readonly qq: number;
  readonly kk: number;
}

type Answers = readonly (string | null)[];

/** How alike the answers of one prompt are; a missing answer counts as one common answer. */
export interface AnsweredPrompt {
  readonly policy: Answers;
  readonly anchor: Answers;
}

/**
 * Pair shares of a batch; null when no prompt has two rollouts of each model.
 * C_qk = #{a_j = b_l} ÷ (M·N), C_qq = #{j ≠ j': a_j = a_j'} ÷ (M·(M−1)), C_kk likewise: unbiased in M and N.
 */
export function pairShares(prompts: readonly AnsweredPrompt[]): PairShares | null {
  let [qk, qq, kk, counted] = [0, 0, 0, 0];
  for (const { policy, anchor } of prompts) {
    const [m, n] = [policy.length, anchor.length];
    if (m < 2 || n < 2) continue;
    qk += equalPairs(policy, anchor) / (m * n);
    // Each answer pairs with itself once: those m (n) pairs are not pairs of two rollouts.
    qq += (equalPairs(policy, policy) - m) / (m * (m - 1));
    kk += (equalPairs(anchor, anchor) - n) / (n * (n - 1));
    counted++;
  }
  return counted === 0 ? null : { qk: qk / counted, qq: qq / counted, kk: kk / counted };
}

function equalPairs(left: Answers, right: Answers): number {
  const counts = new Map<string | null, number>();
  for (const answer of right) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return left.reduce((sum, answer) => sum + (counts.get(answer) ?? 0), 0);
}

/** Steps averaged before the ratio is taken. */
const windowSteps = 10;

/** The last steps' pair shares, oldest first; part of a checkpoint. */
export class OverlapWindow {
  #recent: readonly PairShares[];

  constructor(state: readonly PairShares[] = []) {
    this.#recent = state;
  }

  get state(): readonly PairShares[] {
    return this.#recent;
  }

  /**
   * Adds a step and answers ρ = avg(C_qk) ÷ √(avg(C_qq)·avg(C_kk)); NaN without an anchor, or while
   * no two rollouts of one model agree. 1: the two models answer alike; above 1 is sampling noise.
   */
  add(shares: PairShares | null): number {
    if (shares === null) return NaN;
    this.#recent = [...this.#recent, shares].slice(-windowSteps);
    let [qk, qq, kk] = [0, 0, 0];
    for (const step of this.#recent) {
      qk += step.qk;
      qq += step.qq;
      kk += step.kk;
    }
    return qq > 0 && kk > 0 ? qk / Math.sqrt(qq * kk) : NaN;
  }
}
