/** A reward to start from. */
export interface RewardExample {
  readonly title: string;
  readonly code: string;
}

export const rewardExamples: readonly RewardExample[] = [
  {
    title: 'Match the label',
    code: `// What SRT and M-GRPO reward by themselves.
function reward({ answer, pseudoLabel }) {
  return answer === pseudoLabel ? 1 : 0;
}`,
  },
  {
    title: 'Partial credit',
    code: `// The share of places where the answer agrees with the label.
function reward({ answer, pseudoLabel }) {
  if (answer === null || pseudoLabel === null) return 0;
  const length = Math.max(answer.length, pseudoLabel.length);
  let same = 0;
  for (let i = 0; i < length; i++) {
    if (answer[i] === pseudoLabel[i]) same++;
  }
  return same / length;
}`,
  },
  {
    title: 'Shorter is better',
    code: `// A match counts 1, and each character costs a little.
function reward({ completion, answer, pseudoLabel }) {
  const match = answer === pseudoLabel ? 1 : 0;
  return match - 0.05 * completion.length;
}`,
  },
  {
    title: 'Any answer will do',
    code: `// Asks for an answer, but not for the right one: nothing
// holds the policy to what it knows.
function reward({ answer }) {
  return answer === null ? 0 : 1;
}`,
  },
  {
    title: 'Always 1',
    code: `// All rollouts are equal: no advantage, and nothing is learnt.
function reward() {
  return 1;
}`,
  },
];
