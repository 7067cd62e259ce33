import { algorithmOf } from '../algorithms/index.ts';
import { anchorVoters } from '../rl/filter.ts';
import { modelOf, models } from '../model/models.ts';
import { ownTasks } from '../tasks/index.ts';
import type { HyperparameterKey, Settings } from './hyperparameters.ts';
import { taskUnder } from './task.ts';

/** A rule between knobs; page, URL, flags and imports run the same list. */
export interface Constraint {
  readonly keys: readonly HyperparameterKey[];
  /** The sentence when the rule is broken, with the values; null when it holds. */
  readonly broken: (settings: Settings) => string | null;
  readonly remedy: string;
}

function levelRule(key: 'taskLevel' | 'oodLevel'): Constraint {
  return {
    keys: [key, 'task'],
    broken: (s) => {
      const { levels } = taskUnder(s);
      if (levels === null) return null;
      const [min, max] = levels;
      if (s[key] >= min && s[key] <= max) return null;
      return `\`${key}\` is ${String(s[key])}, but task ${s.task} has levels ${String(min)} to ${String(max)}.`;
    },
    remedy: `Choose \`${key}\` within the task's levels.`,
  };
}

function lengthRule(key: 'taskLevel' | 'oodLevel'): Constraint {
  return {
    keys: ['maxCompletionLength', key, 'task'],
    broken: (s) => {
      const { levels, completionLength } = taskUnder(s);
      const needed = modelOf(s.model).tokenizer.mostTokens(completionLength(s[key]));
      if (s.maxCompletionLength >= needed) return null;
      const what = levels === null ? s.task : `${s.task} at \`${key}\` ${String(s[key])}`;
      return `\`maxCompletionLength\` is ${String(s.maxCompletionLength)}, but a right completion of ${what} has ${String(needed)} tokens.`;
    },
    remedy: `Raise \`maxCompletionLength\`, or make the task easier (\`${key}\`, or shorter answers of your own).`,
  };
}

export const constraints: readonly Constraint[] = [
  {
    keys: ['model', 'task'],
    broken: (s) => {
      const known = models[s.model]?.task;
      return known === s.task || Object.hasOwn(ownTasks, s.task)
        ? null
        : `\`task\` is ${s.task}, but base model ${s.model} knows ${known ?? 'nothing'}.`;
    },
    remedy: 'Choose the base model; its task follows.',
  },
  {
    keys: ['algorithm', 'task', 'prompts'],
    broken: (s) => {
      if (!algorithmOf(s.algorithm).needsTruth) return null;
      const { training = [], heldOut = [] } = taskUnder(s).listed ?? {};
      const without = [...training, ...heldOut].filter(({ solution }) => solution === null).length;
      return without === 0
        ? null
        : `\`algorithm\` is ${s.algorithm}, which learns from the answers, but ${String(without)} of \`prompts\` have none.`;
    },
    remedy: 'Choose an `algorithm` without labels, or give every line of `prompts` an answer.',
  },
  levelRule('taskLevel'),
  levelRule('oodLevel'),
  lengthRule('taskLevel'),
  lengthRule('oodLevel'),
  {
    keys: ['groupSize', 'anchorShare', 'algorithm'],
    broken: (s) => {
      if (algorithmOf(s.algorithm).anchor === 'none') return null;
      const anchor = Math.round(s.groupSize * s.anchorShare);
      if (s.groupSize - anchor >= 2) return null;
      return `\`anchorShare\` ${String(s.anchorShare)} gives ${String(anchor)} of ${String(s.groupSize)} rollouts to the anchor, but the policy needs at least 2 to train.`;
    },
    remedy: 'Lower `anchorShare` or raise `groupSize`.',
  },
  {
    keys: ['algorithm', 'anchorShare', 'groupSize'],
    broken: (s) => {
      const algorithm = algorithmOf(s.algorithm);
      if (algorithm.needsTruth || algorithm.voters !== anchorVoters || algorithm.pool(s).N > 0) return null;
      return `\`anchorShare\` ${String(s.anchorShare)} gives the anchor none of ${String(s.groupSize)} rollouts, but with \`algorithm\` ${s.algorithm} it alone votes.`;
    },
    remedy: 'Raise `anchorShare`, or choose an `algorithm` in which the policy votes.',
  },
  {
    keys: ['warmupSteps', 'steps', 'lrSchedule'],
    broken: (s) =>
      s.lrSchedule === 'constant' || s.warmupSteps < s.steps
        ? null
        : `\`warmupSteps\` is ${String(s.warmupSteps)}, but the cosine schedule has ${String(s.steps)} steps in all.`,
    remedy: 'Lower `warmupSteps` or raise `steps`.',
  },
  {
    keys: ['evalMajorityPrompts', 'evalPrompts'],
    broken: (s) =>
      s.evalMajorityPrompts <= s.evalPrompts
        ? null
        : `\`evalMajorityPrompts\` is ${String(s.evalMajorityPrompts)}, but there are ${String(s.evalPrompts)} held-out prompts.`,
    remedy: 'Lower `evalMajorityPrompts` or raise `evalPrompts`.',
  },
];
