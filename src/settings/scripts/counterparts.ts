import { algorithmOf } from '../../algorithms/index.ts';
import { batchRelative } from '../../rl/advantage.ts';
import { irrelevance } from '../../spec/hyperparameter.ts';
import {
  hyperparameterKeys,
  hyperparameters,
  type HyperparameterKey,
  type Settings,
} from '../hyperparameters.ts';

/** The trainers that scripts are written for. */
export type Trainer = 'trl' | 'verl';

/** Value of an option, as its language has it. */
export type OptionValue = string | number | boolean | { readonly python: string };

/** What a knob becomes: options of the trainer by name, or why it has no counterpart. */
type Counterpart = ((settings: Settings) => Readonly<Record<string, OptionValue>>) | string;

const noFilter = 'neither trainer leaves rollouts out by their entropy';
const ofLab = 'of the lab’s own evaluation';
const noGuard =
  'neither trainer goes back by itself: watch its log (npm run watch), and restart from a checkpoint';

/** Rollouts of the policy that are trained on, per prompt. */
export function trainedRollouts(settings: Settings): number {
  return algorithmOf(settings.algorithm).pool(settings).M;
}

const actor = 'actor_rollout_ref.actor';
const rollout = 'actor_rollout_ref.rollout';

const both = (reason: string): Record<Trainer, Counterpart> => ({ trl: reason, verl: reason });

/** Of every knob of the table, what trl 1.13's GRPOConfig and verl's ppo_trainer.yaml have for it. */
export const counterparts: Partial<Record<HyperparameterKey, Record<Trainer, Counterpart>>> = {
  algorithm: {
    trl: () => ({}),
    verl: ({ algorithm }) => ({
      'algorithm.adv_estimator':
        algorithmOf(algorithm).advantage === batchRelative ? 'reinforce_plus_plus' : 'grpo',
    }),
  },
  steps: {
    trl: ({ steps }) => ({ max_steps: steps }),
    verl: ({ steps }) => ({ 'trainer.total_training_steps': steps }),
  },
  seed: {
    trl: ({ seed }) => ({ seed }),
    verl: ({ seed }) => ({
      'data.seed': seed,
      [`${actor}.data_loader_seed`]: seed,
      [`${rollout}.seed`]: seed,
    }),
  },
  promptsPerStep: {
    trl: (settings) => ({
      per_device_train_batch_size: settings.promptsPerStep * trainedRollouts(settings),
      gradient_accumulation_steps: 1,
    }),
    verl: ({ promptsPerStep }) => ({
      'data.train_batch_size': promptsPerStep,
      [`${actor}.ppo_mini_batch_size`]: promptsPerStep,
    }),
  },
  groupSize: {
    trl: (settings) => ({ num_generations: trainedRollouts(settings) }),
    verl: (settings) => ({ [`${rollout}.n`]: trainedRollouts(settings) }),
  },
  temperature: {
    trl: ({ temperature }) => ({ temperature, top_k: 0 }),
    verl: ({ temperature }) => ({ [`${rollout}.temperature`]: temperature }),
  },
  maxCompletionLength: {
    trl: ({ maxCompletionLength }) => ({ max_completion_length: maxCompletionLength }),
    verl: ({ maxCompletionLength }) => ({ 'data.max_response_length': maxCompletionLength }),
  },
  klCoefficient: {
    trl: ({ klCoefficient }) => ({ beta: klCoefficient }),
    verl: ({ klCoefficient }) => ({
      [`${actor}.use_kl_loss`]: klCoefficient > 0,
      [`${actor}.kl_loss_coef`]: klCoefficient,
      [`${actor}.kl_loss_type`]: 'low_var_kl',
    }),
  },
  entropyBonus: {
    trl: ({ entropyBonus }) => ({ entropy_coef: entropyBonus }),
    verl: ({ entropyBonus }) => ({ [`${actor}.entropy_coeff`]: entropyBonus }),
  },
  clipLow: {
    trl: ({ clipLow }) => ({ epsilon: clipLow }),
    verl: ({ clipLow }) => ({ [`${actor}.clip_ratio_low`]: clipLow }),
  },
  clipHigh: {
    trl: ({ clipHigh }) => ({ epsilon_high: clipHigh }),
    verl: ({ clipHigh }) => ({ [`${actor}.clip_ratio_high`]: clipHigh }),
  },
  scaleRewards: {
    trl: ({ scaleRewards }) => ({ scale_rewards: scaleRewards }),
    verl: ({ scaleRewards }) =>
      scaleRewards === 'batch' ? {} : { 'algorithm.norm_adv_by_std_in_grpo': scaleRewards === 'group' },
  },
  lossType: {
    trl: ({ lossType }) => ({ loss_type: lossType }),
    verl: ({ lossType }) => ({
      [`${actor}.loss_agg_mode`]: {
        dapo: 'token-mean',
        grpo: 'seq-mean-token-mean',
        dr_grpo: 'seq-mean-token-sum-norm',
      }[lossType],
    }),
  },
  learningRate: {
    trl: ({ learningRate }) => ({ learning_rate: learningRate }),
    verl: ({ learningRate }) => ({ [`${actor}.optim.lr`]: learningRate }),
  },
  warmupSteps: {
    trl: ({ warmupSteps }) => ({ warmup_steps: warmupSteps }),
    verl: ({ warmupSteps }) => ({ [`${actor}.optim.lr_warmup_steps`]: warmupSteps }),
  },
  lrSchedule: {
    trl: ({ lrSchedule, minLearningRateShare }) =>
      lrSchedule === 'constant'
        ? { lr_scheduler_type: 'constant_with_warmup' }
        : {
            lr_scheduler_type: 'cosine_with_min_lr',
            lr_scheduler_kwargs: { python: `{"min_lr_rate": ${minLearningRateShare}}` },
          },
    verl: ({ lrSchedule }) => ({ [`${actor}.optim.lr_scheduler_type`]: lrSchedule }),
  },
  minLearningRateShare: {
    // Within the schedule's.
    trl: () => ({}),
    verl: ({ minLearningRateShare }) => ({ [`${actor}.optim.min_lr_ratio`]: minLearningRateShare }),
  },
  updatesPerBatch: {
    trl: ({ updatesPerBatch }) => ({ num_iterations: updatesPerBatch }),
    verl: ({ updatesPerBatch }) => ({ [`${actor}.ppo_epochs`]: updatesPerBatch }),
  },
  weightDecay: {
    trl: ({ weightDecay }) => ({ weight_decay: weightDecay }),
    verl: ({ weightDecay }) => ({ [`${actor}.optim.weight_decay`]: weightDecay }),
  },
  adamBeta1: {
    trl: ({ adamBeta1 }) => ({ adam_beta1: adamBeta1 }),
    verl: ({ adamBeta1, adamBeta2 }) => ({ [`${actor}.optim.betas`]: `[${adamBeta1},${adamBeta2}]` }),
  },
  adamBeta2: {
    trl: ({ adamBeta2 }) => ({ adam_beta2: adamBeta2 }),
    // Within the other's.
    verl: () => ({}),
  },
  adamEpsilon: {
    trl: ({ adamEpsilon }) => ({ adam_epsilon: adamEpsilon }),
    verl: ({ adamEpsilon }) => ({
      [`${actor}.optim.override_optimizer_config`]: `{eps: ${adamEpsilon}}`,
    }),
  },
  maxGradNorm: {
    trl: ({ maxGradNorm }) => ({ max_grad_norm: maxGradNorm }),
    verl: ({ maxGradNorm }) => ({ [`${actor}.grad_clip`]: maxGradNorm }),
  },
  anchorShare: {
    // In the script's own class.
    trl: () => ({}),
    verl: 'no second model votes',
  },
  anchorMomentum: {
    // As above: sync_ref_model moves the reference of the KL, which votes on nothing.
    trl: () => ({}),
    verl: 'no second model votes',
  },
  momentumSchedule: both('the momentum stays as it is at the start'),
  anchorMomentumEnd: both('the momentum stays as it is at the start'),
  maxResamples: {
    trl: 'TRL’s GRPOTrainer draws no prompt anew',
    verl: ({ maxResamples }) =>
      maxResamples === 0
        ? {}
        : {
            'algorithm.filter_groups.enable': true,
            'algorithm.filter_groups.metric': 'score',
            'algorithm.filter_groups.max_num_gen_batches': maxResamples,
          },
  },
  promptPool: {
    // The script brings the pool along.
    trl: () => ({}),
    verl: 'bring the pool along as a file',
  },
  monitorAnchor: both('watched in the lab alone'),
  monitorRollouts: both('watched in the lab alone'),
  iqrFactor: both(noFilter),
  filterScope: both(noFilter),
  filterBeforeVote: both(noFilter),
  minVoteShare: {
    trl: () => ({}),
    verl: 'verl’s reward function sees one completion at a time',
  },
  rewardCode: both('JavaScript: write it as a Python function'),
  guard: both(noGuard),
  guardThreshold: both(noGuard),
  guardStepsBack: both(noGuard),
  guardFactor: both(noGuard),
  checkpointEvery: {
    trl: ({ checkpointEvery }) => ({ save_steps: checkpointEvery }),
    verl: ({ checkpointEvery }) => ({ 'trainer.save_freq': checkpointEvery }),
  },
  evalEvery: both(ofLab),
  evalPrompts: both(ofLab),
  evalSamples: both(ofLab),
  evalMajorityPrompts: both(ofLab),
  evalMajoritySamples: both(ofLab),
  oodLevel: both(ofLab),
  model: both('a name of the lab’s: give the path of your model'),
  task: both('a task of the lab’s: its prompts are in the script, or yours'),
  prompts: both('bring them along as a file'),
  taskLevel: both('of the lab’s task'),
  halfPrecision: both('how the lab stores activations; see bf16'),
};

/** Values that switch a knob off. */
const off: Partial<Settings> = {
  rewardCode: '',
  prompts: '',
  guard: 'off',
  halfPrecision: false,
  minVoteShare: 0,
  momentumSchedule: 'constant',
  maxResamples: 0,
  promptPool: 0,
};

/** Whether a knob does something to a lane's training. */
function hasEffect(key: HyperparameterKey, settings: Settings): boolean {
  const knob = hyperparameters[key];
  return knob.group !== 'Evaluation' && irrelevance(knob, settings) === null && settings[key] !== off[key];
}

/** What a lane's settings become for a trainer. */
export interface Carried {
  readonly options: Readonly<Record<string, OptionValue>>;
  /** What has no counterpart, a line each: "iqrFactor = 0.75: why". Knobs without effect in this lane are left out. */
  readonly missing: readonly string[];
}

/** The options that a trainer has for a lane's settings, and what it has none for. */
export function carriedTo(trainer: Trainer, settings: Settings): Carried {
  const options: Record<string, OptionValue> = {};
  const missing: string[] = [];
  for (const key of hyperparameterKeys) {
    const counterpart = counterparts[key]?.[trainer] ?? 'no counterpart';
    const value = settings[key];
    if (typeof counterpart !== 'string') Object.assign(options, counterpart(settings));
    else if (hasEffect(key, settings)) {
      const shown =
        typeof value === 'string' && value.length > 40 ? `${value.length} characters` : String(value);
      missing.push(`${key} = ${shown}: ${counterpart}`);
    }
  }
  return { options, missing };
}
