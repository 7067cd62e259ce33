import { type MetricId, metricIds, metrics } from '../../spec/metrics.ts';

/** Names of metrics in one program, the surest first, those of older versions after them; `*` stands for what differs. */
type Names = Readonly<Partial<Record<MetricId, readonly string[]>>>;

/** What programs and their versions call the lab’s metrics, beyond the two names in the metric table. */
const programs: Readonly<Record<string, Names>> = {
  // GRPOTrainer, RLOOTrainer: lengths and reward functions were renamed in 0.16, clipping in 0.17; `*` is the name of
  // a reward function of one’s own. Unsloth prints old and new names together.
  TRL: {
    'completion/length': ['completions/mean_length', 'completion_length'],
    'optim/clipped': ['clip_ratio/region_mean', 'clip_ratio'],
    'optim/loss': ['loss', 'Training Loss'],
    'reward/mean': ['reward'],
    // A reward function that pays more than 1 for what is right is no accuracy: of names, these are safe.
    'truth/accuracy': [
      'rewards/accuracy_reward/mean',
      'rewards/accuracy_reward',
      'rewards/accuracy/mean',
      'rewards/accuracy',
      'rewards/correct/mean',
      'rewards/correct',
    ],
    'eval/sampled': [
      'eval_rewards/accuracy_reward/mean',
      'eval_rewards/accuracy_reward',
      'eval_rewards/accuracy/mean',
      'eval_rewards/correct/mean',
      'eval_rewards/*/mean',
    ],
  },
  // PPOTrainer; `objective/kl` and `objective/entropy` are sums over a completion, not means of its tokens.
  'TRL, PPO': {
    'policy/entropy': ['policy/entropy_avg'],
    'reward/mean': ['objective/scores', 'objective/rlhf_reward'],
    'optim/lr': ['lr'],
    'optim/loss': ['loss/policy_avg'],
    'optim/clipped': ['policy/clipfrac_avg'],
  },
  // Before 0.3 the entropy was logged as a loss, and a validation as its score alone.
  verl: {
    'policy/entropy': ['actor/entropy', 'actor/entropy_loss'],
    'reward/mean': ['critic/score/mean', 'critic/rewards/mean'],
    'policy/kl_ref': ['actor/kl_loss', 'actor/reward_kl_penalty', 'critic/kl'],
    'eval/sampled': ['val-core/*/acc/mean@*', 'val-core/*/reward/mean@*', 'val/test_score/*'],
    'eval/majority': ['val-core/*/acc/maj@*/mean', 'val-core/*/reward/maj@*/mean'],
  },
  OpenRLHF: {
    'policy/entropy': ['entropy_loss'],
    'reward/mean': ['rollout/reward_mean', 'reward'],
    'reward/std': ['rollout/reward_std'],
    'policy/kl_ref': ['kl'],
    'optim/grad_norm': ['actor_grad_norm'],
    'optim/lr': ['actor_lr'],
    'optim/loss': ['policy_loss'],
    'optim/clipped': ['ppo_clip_ratio'],
    'completion/length': ['rollout/response_length_mean', 'response_length'],
    'completion/truncated': ['rollout/truncated_rate'],
    'eval/sampled': ['eval_*_pass1'],
  },
  'NeMo-RL': {
    'policy/entropy': ['approx_entropy'],
    'reward/mean': ['reward', 'Avg Reward', 'Avg Total Reward'],
    'policy/kl_ref': ['kl_penalty'],
    'optim/lr': ['lr'],
    'completion/length': ['mean_gen_tokens_per_sample', 'Mean Generation Length'],
    'completion/truncated': ['truncation_rate'],
    'eval/sampled': ['validation/accuracy'],
  },
  // The actor’s scope was called grpo_actor before ppo_actor; its mean was added to the name later.
  AReaL: {
    'policy/entropy': [
      'ppo_actor/update/entropy/avg',
      'grpo_actor/update/entropy/avg',
      'grpo_actor/entropy/avg',
    ],
    'reward/mean': ['ppo_actor/task_reward/avg', 'grpo_actor/task_reward/avg', 'rollout/reward'],
    'optim/grad_norm': ['ppo_actor/update/grad_norm', 'grpo_actor/update/grad_norm', 'grpo_actor/grad_norm'],
    'optim/lr': ['ppo_actor/update/lr', 'grpo_actor/update/lr', 'grpo_actor/lr'],
    'optim/loss': [
      'ppo_actor/update/actor_loss/avg',
      'grpo_actor/update/actor_loss/avg',
      'grpo_actor/actor_loss/avg',
    ],
    'optim/clipped': [
      'ppo_actor/update/clip_ratio/avg',
      'grpo_actor/update/clip_ratio/avg',
      'grpo_actor/clip_ratio/avg',
    ],
    'completion/truncated': ['ppo_actor/no_eos_ratios/avg', 'grpo_actor/no_eos_ratios/avg'],
    'eval/sampled': ['eval-rollout/reward', 'grpo-eval/task_reward/avg'],
  },
  slime: {
    'policy/entropy': ['train/entropy_loss', 'rollout/entropy'],
    'reward/mean': ['rollout/raw_reward'],
    'policy/kl_ref': ['train/kl_loss', 'rollout/kl'],
    'optim/lr': ['train/lr-pg_0'],
    'optim/loss': ['train/pg_loss', 'train/loss'],
    'optim/clipped': ['train/pg_clipfrac'],
    'completion/length': ['rollout/response_len/mean', 'rollout/response_lengths'],
    'completion/truncated': ['rollout/truncated_ratio', 'rollout/truncated'],
  },
  ROLL: {
    'policy/entropy': ['critic/entropy/mean'],
    'policy/kl_ref': ['actor/kl_loss', 'critic/kl'],
    'optim/loss': ['actor/pg_loss', 'actor/total_loss'],
    'optim/clipped': ['actor/ppo_ratio_clipfrac', 'actor/clipfrac'],
    'completion/length': ['token/response_length/mean', 'rollout/response_length/mean'],
    'truth/accuracy': ['critic/correct/mean'],
    'eval/sampled': ['val_correct/all/mean'],
  },
};

/** What counts the steps, the surest first. W&B’s `_step` counts whatever was logged, in some runs seven to a step. */
export const stepNames: readonly string[] = [
  'step',
  'train/global_step',
  'training/global_step',
  'global_step',
  'trainer/global_step',
  'global_step/max_steps',
  'training_step',
  'train/step',
  'current_steps',
  'rollout/step',
  'eval/step',
  'iteration',
  'iter',
  '_step',
].map(plain);

/** A name as it is compared: loggers and exports replace slashes, dots and spaces by one another. */
export function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}*]+/gu, '_');
}

/** What transformers renames a metric to before it hands it to a logger. */
function handedOn(name: string): string {
  return name.startsWith('eval_') ? `eval/${name.slice('eval_'.length)}` : `train/${name}`;
}

/** What a program calls a metric, the name of the metric table first. */
function namesOf(program: string, id: MetricId): readonly string[] {
  const { trl, verl } = metrics[id];
  const tabled = program === 'TRL' ? trl : program === 'verl' ? verl : undefined;
  return [...new Set([tabled ?? [], programs[program]?.[id] ?? []].flat())];
}

/** What each program that has a metric calls it, the surest name first. */
export function namesByProgram(
  id: MetricId,
): readonly (readonly [program: string, names: readonly string[]])[] {
  return Object.keys(programs)
    .map((program): [string, readonly string[]] => [program, namesOf(program, id)])
    .filter(([, names]) => names.length > 0);
}

/** Of each program, the lab first: what it calls each metric, the surest first, as compared. */
const namesIn: readonly ReadonlyMap<MetricId, readonly string[]>[] = [
  listsOf((id) => [id]),
  ...Object.keys(programs).map((program) => listsOf((id) => namesOf(program, id))),
];

/** Each name followed by what a logger makes of it. */
function listsOf(named: (id: MetricId) => readonly string[]): ReadonlyMap<MetricId, readonly string[]> {
  return new Map(
    metricIds.map((id) => [
      id,
      [...new Set(named(id).flatMap((name) => [plain(name), plain(handedOn(name))]))],
    ]),
  );
}

const everyName = new Set(namesIn.flatMap((names) => [...names.values()].flat()));
const patterns = new Map(
  [...everyName]
    .filter((name) => name.includes('*'))
    .map((name) => [name, new RegExp(`^${name.split('*').join('.+')}$`, 'u')]),
);

const rates = new Set(namesIn.flatMap((names) => names.get('optim/lr') ?? []));

/** Whether a name is one of the learning rate’s. */
export function isRateName(name: string): boolean {
  return rates.has(plain(name));
}

/**
 * Which columns are which metric, as one program names them: of each metric the columns of the surest name that any
 * column bears.
 */
type Claims<Column> = ReadonlyMap<MetricId, readonly Column[]>;

/**
 * What each program would make of the columns of a log.
 * @param columns by their names as compared
 * @param may whether a column can be the metric that a name takes it for
 */
export function claimsOf<Column>(
  columns: ReadonlyMap<string, readonly Column[]>,
  may: (id: MetricId, column: Column) => boolean,
): readonly Claims<Column>[] {
  return namesIn.map((names) => {
    const claims = new Map<MetricId, readonly Column[]>();
    for (const [id, list] of names) {
      for (const name of list) {
        const pattern = patterns.get(name);
        const called =
          pattern === undefined
            ? (columns.get(name) ?? [])
            : [...columns].flatMap(([each, those]) => (pattern.test(each) ? those : []));
        const claimed = called.filter((column) => may(id, column));
        if (claimed.length === 0) continue;
        claims.set(id, claimed);
        break;
      }
    }
    return claims;
  });
}

/** What a metric is called in logs of other trainers, whose reward need be no pseudo-reward. */
export function namedElsewhere(id: MetricId): { readonly label: string; readonly unit: string } {
  const { label, unit } = metrics[id];
  return { label: id === 'reward/mean' ? 'Reward' : label, unit };
}

/** Whether the metric table itself has a name for a metric. */
export function isTabled(id: MetricId, name: string): boolean {
  const { trl, verl } = metrics[id];
  const compared = plain(name);
  return [id, trl, verl].some(
    (each) => each !== undefined && [each, handedOn(each)].map(plain).includes(compared),
  );
}

/** Whether a name in a dict tells that it is a row of metrics. */
export function isMetricName(name: string): boolean {
  const compared = plain(name);
  return (
    name.includes('/') ||
    everyName.has(compared) ||
    stepNames.includes(compared) ||
    compared.startsWith('eval_')
  );
}
