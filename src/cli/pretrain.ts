import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { parseConfig } from '../model/config.ts';
import { characters } from '../model/tokenizer/characters.ts';
import { unknownFlag } from '../settings/flags.ts';
import { defaultSettings } from '../settings/settings.ts';
import { solvedTaskOf } from '../tasks/index.ts';
import { initialModel, Pretrainer } from '../trainer/pretrainer.ts';
import { openHeadless } from './headless.ts';
import { writeModelFolder } from './modelFolder.ts';
import { ProgressBar } from './progress.ts';

/** Flag → default, allowed range, help. All numbers but `task`, `levels` and `out`. */
const flags = {
  task: { default: 'sort', help: 'task to learn' },
  levels: { default: '3:1,4:1,5:2', help: 'levels and how often each is drawn, level:weight,…' },
  hidden: { default: '48', range: [8, 1024], help: 'hidden_size' },
  intermediate: { default: '96', range: [8, 4096], help: 'intermediate_size' },
  layers: { default: '2', range: [1, 32], help: 'num_hidden_layers' },
  noise: { default: '0.15', range: [0, 1], help: 'probability that a digit of the completion is replaced' },
  'learning-rate': { default: '3e-3', range: [1e-6, 1], help: 'peak of the schedule' },
  steps: { default: '600', range: [1, 1e6], help: 'length of the schedule' },
  'stop-at': { default: '', range: [1, 1e6], help: 'stop the schedule early, after so many steps' },
  batch: { default: '64', range: [1, 4096], help: 'sequences per step' },
  seed: { default: '0', range: [0, 2 ** 32 - 1], help: 'seed of weights, prompts and noise' },
  out: { default: '', help: 'folder to write; default public/models/<task>-<hidden>' },
} as const satisfies Record<string, { default: string; range?: readonly [number, number]; help: string }>;

type Flag = keyof typeof flags;

/** `npm run pretrain`: makes a base model by supervised training on the engine. */
export default async function main(argv: string[]): Promise<void> {
  const options = Object.fromEntries(
    [...Object.keys(flags), 'help'].map((name) => [
      name,
      { type: name === 'help' ? 'boolean' : 'string' } as const,
    ]),
  );
  const { values, tokens } = parseArgs({ args: argv, options, strict: false, tokens: true });
  if (values.help === true || argv.length === 0) {
    for (const [name, flag] of Object.entries(flags))
      console.log(`  --${name.padEnd(16)} ${flag.help} (default ${flag.default || 'none'})`);
    return;
  }
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in options))
      throw unknownFlag(token.rawName, Object.keys(options));
  }
  const text = (name: Flag): string =>
    typeof values[name] === 'string' ? values[name] : flags[name].default;
  const number = (name: Exclude<Flag, 'task' | 'levels' | 'out'>): number => {
    const [least, most] = flags[name].range;
    const value = Number(text(name));
    if (!(text(name) !== '' && value >= least && value <= most)) {
      throw new LabError(
        'bad-setting',
        `--${name} can't be "${text(name)}".`,
        `Give a number from ${String(least)} to ${String(most)}.`,
      );
    }
    return value;
  };

  const task = solvedTaskOf(text('task'));
  const levels = parseLevels(text('levels'), task.levels);
  const steps = number('steps');
  const stopAt = text('stop-at') === '' ? steps : number('stop-at');
  const config = parseConfig({
    model_type: 'qwen3',
    hidden_size: number('hidden'),
    num_hidden_layers: number('layers'),
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: number('intermediate'),
    vocab_size: characters.size,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  });
  const taskLevel = Math.max(...levels.map(({ level }) => level));
  const oodLevel = Math.min(taskLevel + 1, task.levels[1]);

  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const start = initialModel(config, characters, number('seed'));
  const pretrainer = new Pretrainer(
    gpu,
    kernels,
    start,
    {
      task,
      levels,
      noise: number('noise'),
      learningRate: number('learning-rate'),
      steps,
      batch: number('batch'),
      seed: number('seed'),
    },
    { ...defaultSettings, taskLevel, oodLevel, maxCompletionLength: task.completionLength(oodLevel) },
  );
  await kernels.compile();
  const progress = new ProgressBar(stopAt);
  let loss = NaN;
  for (let step = 1; step <= stopAt; step++) {
    loss = await pretrainer.next();
    if (!Number.isFinite(loss))
      throw new LabError(
        'non-finite',
        `The loss of step ${String(step)} is ${String(loss)}.`,
        'Lower --learning-rate.',
      );
    progress.show(step, `loss ${loss.toFixed(3)}`);
  }
  progress.end();
  const measured = await pretrainer.evaluate();
  const figure = (value: number | undefined) => (value ?? NaN).toFixed(3);
  const result = `cross-entropy ${loss.toFixed(3)}; at level ${String(taskLevel)}: pass@1 ${figure(measured['eval/sampled'])}, majority ${figure(measured['eval/majority'])}, greedy ${figure(measured['eval/greedy'])}`;
  console.log(result);
  const folder =
    text('out') === '' ? join('public/models', `${text('task')}-${String(config.hidden_size)}`) : text('out');
  const command = ['npm run pretrain --', ...argv].join(' ');
  const { vendor, architecture } = gpu.adapter;
  writeModelFolder(
    folder,
    { ...start, weights: await pretrainer.engine.readParameters('policy') },
    `Made by\n\n    ${command}\n\non ${vendor} ${architecture}; ${String(start.layout.parameterCount)} parameters.\n${result} (256 held-out prompts, temperature 1).\n`,
  );
  console.log(`${folder}: ${String(start.layout.parameterCount)} parameters`);
}

function parseLevels(
  text: string,
  [least, most]: readonly [number, number],
): { level: number; weight: number }[] {
  return text.split(',').map((part) => {
    const [level = NaN, weight = 1] = part.split(':').map(Number);
    if (!(
      Number.isInteger(level) &&
      level >= least &&
      level <= most &&
      Number.isInteger(weight) &&
      weight >= 1
    )) {
      throw new LabError(
        'bad-setting',
        `--levels can't hold "${part}".`,
        `Write level:weight,… with levels from ${String(least)} to ${String(most)} and whole weights from 1, e.g. 3:1,4:1,5:2.`,
      );
    }
    return { level, weight };
  });
}
