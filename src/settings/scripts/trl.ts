import { algorithmOf } from '../../algorithms/index.ts';
import { majorityVote } from '../../rl/vote.ts';
import type { Problem } from '../../spec/task.ts';
import { modelOf } from '../../model/models.ts';
import { drawPool, drawTraining } from '../../tasks/draw.ts';
import { taskOf } from '../../tasks/index.ts';
import type { Settings } from '../hyperparameters.ts';
import type { LaneSetup } from '../presets.ts';
import { carriedTo, trainedRollouts, type OptionValue } from './counterparts.ts';

/** TRL takes a GPU with bfloat16 for granted. */
const onThisMachine = {
  bf16: { python: 'torch.cuda.is_available()' },
  use_cpu: { python: 'not torch.cuda.is_available()' },
};

/** Prompts that a script brings along. */
const promptCount = 256;

/**
 * A lane as a Python script for TRL's GRPOTrainer, which trains as it stands: the settings that GRPOConfig has, the vote
 * as a reward function, the anchor as a callback, prompts of the task, and in comments what is not carried over.
 * @throws LabError for a task or model that there is not
 */
export function trlScript({ name, settings }: LaneSetup): string {
  const { options, missing } = carriedTo('trl', settings);
  const { anchor, label, needsTruth } = algorithmOf(settings.algorithm);
  const { N } = algorithmOf(settings.algorithm).pool(settings);
  const votes = needsTruth || label === majorityVote;
  const truth = promptsOf(settings);
  const anchored = anchor === 'ema';
  const rewards = !votes ? 'yours' : needsTruth ? 'correct' : 'majority';
  return [
    `"""${pythonText(name)}, from M-GRPO Lab, for TRL's GRPOTrainer (names of trl 1.13): python this_file.py`,
    '',
    'Not carried over:',
    ...missing.map((line) => `- ${pythonText(line)}`),
    '"""',
    '',
    ...(anchored ? ['import copy'] : []),
    'import re',
    ...(votes && !needsTruth ? ['from collections import Counter'] : []),
    '',
    'import torch',
    'from datasets import Dataset',
    `from transformers import AutoModelForCausalLM, AutoTokenizer${anchored ? ', TrainerCallback' : ''}`,
    'from trl import GRPOConfig, GRPOTrainer',
    '',
    `MODEL = "public/models/${settings.model}"  # or the path of yours`,
    `G = ${trainedRollouts(settings)}  # completions of a prompt that are trained on`,
    ...promptLines(truth),
    '',
    '',
    'def answers(completions, ids):',
    '    """The answer of each completion, or None: one that ran into the limit has none. Yours may be boxed."""',
    String.raw`    found = [re.match(r"[^#.]*#([^.]+)", completion) for completion in completions]`,
    '    ended = [tokenizer.eos_token_id in each for each in ids]',
    '    return [match[1] if match and end else None for match, end in zip(found, ended)]',
    '',
    ...(anchored ? anchorLines(settings, N) : []),
    ...(rewards === 'majority' ? majorityLines(settings, anchored) : []),
    ...(rewards === 'yours'
      ? [
          '',
          'def yours(prompts, completions, **_):',
          `    raise NotImplementedError("${settings.algorithm} pays for what the model computes, not for what it says: no reward function sees that")`,
          '',
        ]
      : []),
    ...(truth.every(({ solution }) => solution === null) ? [] : correctLines),
    '',
    'config = GRPOConfig(',
    '    output_dir="runs/trl",',
    ...Object.entries({
      ...options,
      ...rewardWeights(rewards, truth),
      logging_steps: 1,
      report_to: 'none',
      ...onThisMachine,
    }).map(([option, value]) => `    ${option}=${pythonValue(value)},`),
    ')',
    'tokenizer = AutoTokenizer.from_pretrained(MODEL)',
    'model = AutoModelForCausalLM.from_pretrained(MODEL)',
    ...(anchored ? ['anchor = Anchor(model, tokenizer)'] : []),
    'trainer = GRPOTrainer(',
    '    model=model,',
    '    args=config,',
    `    reward_funcs=[${rewardFunctions(rewards, truth).join(', ')}],`,
    '    train_dataset=Dataset.from_list(PROMPTS),',
    '    processing_class=tokenizer,',
    ...(anchored ? ['    callbacks=[anchor],'] : []),
    ')',
    'trainer.train()',
    '',
  ].join('\n');
}

function promptsOf(settings: Settings): readonly Problem[] {
  const task = taskOf(settings.task, settings.prompts, modelOf(settings.model).tokenizer);
  return settings.promptPool > 0
    ? drawPool(task, settings.taskLevel, settings.seed, settings.promptPool)
    : drawTraining(task, settings.taskLevel, settings.seed, 1, promptCount);
}

function promptLines(problems: readonly Problem[]): string[] {
  return [
    '# Training prompts of the lab’s task, some with a solution, which only `correct` reads. Put yours here.',
    'PROMPTS = [',
    ...problems.map(
      ({ prompt, solution }) =>
        `    {"prompt": ${JSON.stringify(prompt)}, "solution": ${solution === null ? 'None' : JSON.stringify(solution)}},`,
    ),
    ']',
  ];
}

const correctLines = [
  '',
  'def correct(prompts, completions, completion_ids, solution, **_):',
  '    """The truth: as a reward of weight 0 it is only logged, and shows a collapse."""',
  '    return [float(a == s) for a, s in zip(answers(completions, completion_ids), solution)]',
  '',
];

function anchorLines({ anchorMomentum, temperature, maxCompletionLength }: Settings, N: number): string[] {
  return [
    '',
    'class Anchor(TrainerCallback):',
    '    """The momentum anchor of M-GRPO (arXiv 2512.13070): follows the policy, and votes with it."""',
    '',
    '    def __init__(self, policy, tokenizer):',
    '        self.model, self.tokenizer = copy.deepcopy(policy).eval().requires_grad_(False), tokenizer',
    '',
    '    def on_step_end(self, args, state, control, model, **_):',
    `        """anchor <- m * anchor + (1 - m) * policy, m = ${anchorMomentum}"""`,
    '        with torch.no_grad():',
    '            for mine, its in zip(self.model.parameters(), model.parameters()):',
    `                mine.lerp_(its.to(mine.dtype), ${Number((1 - anchorMomentum).toPrecision(6))})`,
    '',
    '    def votes(self, prompts):',
    `        """${N} answers to each prompt."""`,
    '        batch = self.tokenizer(prompts, return_tensors="pt", padding=True).to(self.model.device)',
    '        with torch.no_grad():',
    '            out = self.model.generate(',
    `                **batch, do_sample=True, temperature=${temperature}, top_k=0, max_new_tokens=${maxCompletionLength},`,
    `                num_return_sequences=${N},`,
    '            )',
    '        out = out[:, batch["input_ids"].shape[1] :].tolist()',
    '        given = answers(self.tokenizer.batch_decode(out, skip_special_tokens=True), out)',
    `        return [given[at : at + ${N}] for at in range(0, len(given), ${N})]`,
    '',
  ];
}

function majorityLines({ minVoteShare }: Settings, anchored: boolean): string[] {
  return [
    '',
    'def majority(prompts, completions, completion_ids, **_):',
    `    """Paid for agreeing with the most frequent answer of ${anchored ? 'policy and anchor together' : 'the group'}: no labels."""`,
    '    rewards = []',
    ...(anchored ? ['    asked = anchor.votes(prompts[::G])'] : []),
    '    said = answers(completions, completion_ids)',
    '    for at in range(0, len(completions), G):',
    '        given = said[at : at + G]',
    `        votes = Counter(a for a in given${anchored ? ' + asked[at // G]' : ''} if a is not None)`,
    ...(minVoteShare > 0
      ? [
          '        label = max(votes, key=votes.get, default=None)',
          `        if label is not None and votes[label] < ${minVoteShare} * votes.total():`,
          '            label = None',
        ]
      : ['        label = max(votes, key=votes.get, default=None)']),
    '        rewards += [None if label is None else float(a == label) for a in given]',
    '    return rewards',
    '',
  ];
}

function rewardFunctions(rewards: string, problems: readonly Problem[]): string[] {
  const known = problems.some(({ solution }) => solution !== null);
  return rewards === 'correct' || !known ? [rewards] : [rewards, 'correct'];
}

function rewardWeights(rewards: string, problems: readonly Problem[]): Record<string, OptionValue> {
  return rewardFunctions(rewards, problems).length === 1 ? {} : { reward_weights: { python: '[1.0, 0.0]' } };
}

function pythonValue(value: OptionValue): string {
  if (typeof value === 'object') return value.python;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** A text within a docstring: names may come with a link. */
function pythonText(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll('"', "'");
}
