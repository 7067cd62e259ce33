import { describe, expect, it } from 'vitest';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { isMetricName, namesByProgram, plain, stepNames } from '../../src/records/import/names.ts';
import { parseLog } from '../../src/records/import/parse.ts';
import { metricIds } from '../../src/spec/metrics.ts';

/** Which column of a table is taken for which metric; values from 0 to 1, or as given. */
function guessed(header: string, row = header.replace(/[^,]+/g, '.5')): Record<string, string | undefined> {
  const [log] = parseLog('a.csv', `${header}\n${row}\n${row}\n`);
  const mapping = log === undefined ? {} : guessMapping(log);
  return Object.fromEntries(
    metricIds.flatMap((id) => (mapping[id] === undefined ? [] : [[id, mapping[id].column]])),
  );
}

describe('names of columns', () => {
  it('old and new ones of a program together: the new one counts', () => {
    expect(guessed('loss,completion_length,completions/mean_length,reward')).toMatchObject({
      'completion/length': 'completions/mean_length',
    });
  });

  it('old ones alone', () => {
    expect(guessed('completion_length,clip_ratio,rewards/accuracy_reward')).toEqual({
      'completion/length': 'completion_length',
      'optim/clipped': 'clip_ratio',
      'truth/accuracy': 'rewards/accuracy_reward',
    });
    expect(guessed('actor/entropy_loss,val/test_score/openai/gsm8k')).toEqual({
      'policy/entropy': 'actor/entropy_loss',
      'eval/sampled': 'val/test_score/openai/gsm8k',
    });
  });

  it('of PPO in TRL: means of tokens, not sums over completions', () => {
    expect(guessed('objective/kl,objective/entropy,objective/scores,policy/entropy_avg,lr')).toEqual({
      'policy/entropy': 'policy/entropy_avg',
      'reward/mean': 'objective/scores',
      'optim/lr': 'lr',
    });
  });

  it('as loggers and exports write them', () => {
    expect(guessed('Train Completions_Mean.length,train-kl')).toEqual({
      'completion/length': 'Train Completions_Mean.length',
      'policy/kl_ref': 'train-kl',
    });
  });

  it('of two programs: the one that wrote the log counts where that is clear', () => {
    const openrlhf = 'reward,kl,policy_loss,actor_lr,actor_grad_norm,rollout/reward_mean,entropy_loss';
    expect(guessed(openrlhf)).toMatchObject({ 'reward/mean': 'rollout/reward_mean', 'policy/kl_ref': 'kl' });
    expect(guessed('reward,rollout/reward_mean')).toEqual({});
  });

  it('an accuracy that its name only suggests is one where all values are shares', () => {
    const header = 'rewards/correct/mean,eval_rewards/own/mean';
    expect(guessed(header)).toEqual({
      'truth/accuracy': 'rewards/correct/mean',
      'eval/sampled': 'eval_rewards/own/mean',
    });
    expect(guessed(header, '2,-.5')).toEqual({});
    // Of two functions neither is known to be it.
    expect(guessed('eval_rewards/a/mean,eval_rewards/b/mean')).toEqual({});
  });

  it('a sparse column is no step, however sure its name', () => {
    expect(guessed('train/global_step,_step,loss', '1,7,.5')).toMatchObject({ step: 'train/global_step' });
    const [log] = parseLog('a.csv', 'global_step,_step,loss\n,1,.5\n,2,.5\n3,3,.5\n');
    expect(log === undefined ? {} : guessMapping(log)).toMatchObject({ step: { column: '_step' } });
  });

  it('are compared in one form, and no step has the name of a metric', () => {
    expect(plain('rewards / Match-Format.x')).toBe('rewards_match_format_x');
    const all = metricIds.flatMap((id) => namesByProgram(id).flatMap(([, names]) => names.map(plain)));
    expect(stepNames.filter((name) => all.includes(name))).toEqual([]);
    expect(['reward', 'train/x', 'eval_loss', 'step'].every(isMetricName)).toBe(true);
    expect(['eos_token_id', 'prompt'].some(isMetricName)).toBe(false);
  });
});
