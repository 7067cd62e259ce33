import { LabError } from '../lib/labError.ts';
import { policyRollouts } from '../rl/reward.ts';
import type { Group, PseudoLabel } from '../spec/group.ts';
import type { RewardRunner } from '../spec/reward.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';

/**
 * The rewards of a step by code of the user's own, in place of an algorithm's rule, [B][M].
 * @throws LabError `bad-reward` naming what the code did and in which line
 */
export async function ownRewards(
  run: RewardRunner | undefined,
  code: string,
  groups: readonly Group[],
  labels: readonly PseudoLabel[],
  tokenizer: Tokenizer,
): Promise<readonly (readonly number[])[]> {
  if (run === undefined) {
    throw new LabError('bug', 'Nothing here can run a reward of one’s own.', 'Leave `rewardCode` empty.');
  }
  const told = groups.map((group, b) => {
    const { answer: pseudoLabel = null, agreement = NaN } = labels[b] ?? {};
    return policyRollouts(group).map(({ tokens, answer }) => ({
      prompt: group.prompt,
      completion: tokenizer.decode(tokens),
      answer,
      pseudoLabel,
      agreement: Number.isNaN(agreement) ? null : agreement,
    }));
  });
  const outcome = await run(code, told.flat());
  if ('fault' in outcome) {
    const { sentence, line } = outcome.fault;
    throw new LabError(
      'bad-reward',
      `Own reward failed${line === null ? '' : ` in line ${String(line)}`}. ${sentence}`,
      'Edit it and go on: the run is as it was before this step.',
    );
  }
  let next = 0;
  return told.map((group) => group.map(() => outcome.rewards[next++] ?? NaN));
}
