import { algorithmOf } from '../../algorithms/index.ts';
import type { LaneSetup } from '../presets.ts';
import { carriedTo, type OptionValue } from './counterparts.ts';

/**
 * A lane as a shell script that launches verl: the settings that its ppo_trainer.yaml has, and in comments what is not
 * carried over. Paths of model and data are variables of the shell.
 */
export function verlScript({ name, settings }: LaneSetup): string {
  const { options, missing } = carriedTo('verl', settings);
  const { summary } = algorithmOf(settings.algorithm);
  const all: Readonly<Record<string, OptionValue>> = {
    ...options,
    'actor_rollout_ref.rollout.name': 'vllm',
    'trainer.project_name': 'm-grpo-lab',
    'trainer.logger': '["console","file"]',
  };
  return [
    '#!/usr/bin/env bash',
    `# ${comment(name)}, from M-GRPO Lab, for verl (names of its ppo_trainer.yaml).`,
    '# Usage: MODEL=… TRAIN=….parquet VALID=….parquet REWARD=….py bash this_file.sh',
    '#',
    '# Not carried over:',
    ...missing.map((line) => `# - ${comment(line)}`),
    `# - the reward (${comment(summary)}): a vote over the completions of a prompt needs a reward manager of`,
    '#   your own, as compute_score in $REWARD sees one completion at a time.',
    '',
    'set -euo pipefail',
    'python3 -m verl.trainer.main_ppo \\',
    ...[
      'actor_rollout_ref.model.path="$MODEL"',
      'data.train_files="$TRAIN"',
      'data.val_files="$VALID"',
      'reward.custom_reward_function.path="$REWARD"',
      ...Object.entries(all).map(([option, value]) => `${option}=${shellValue(value)}`),
    ].map((line) => `  ${line} \\`),
    '  "$@"',
    '',
  ].join('\n');
}

function shellValue(value: OptionValue): string {
  const text =
    typeof value === 'object'
      ? value.python
      : typeof value === 'boolean'
        ? value
          ? 'True'
          : 'False'
        : String(value);
  return /^[\w.+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Within a line of a comment: names may come with a link. */
function comment(text: string): string {
  return text.replace(/\s+/g, ' ');
}
