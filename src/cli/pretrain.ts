import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { parseConfig } from '../model/config.ts';
import { asBfloats } from '../model/safetensors.ts';
import { tokenizers } from '../model/tokenizer/labTokenizers.ts';
import { numberOf, type OwnFlags, ownHelp, readArguments } from '../settings/arguments.ts';
import { defaultSettings } from '../settings/settings.ts';
import { solvedTaskOf } from '../tasks/index.ts';
import { initialModel, Pretrainer } from '../trainer/pretrainer.ts';
import { openHeadless } from './headless.ts';
import type { BaseModel } from '../model/baseModel.ts';
import { modelFolder, readModelAt, writeModelFolder } from './modelFolder.ts';
import { claim } from './output.ts';
import { ProgressBar } from './progress.ts';

/** Flag → default, allowed range, help. Those with a range are numbers, whole where a count is meant. */
const flags = {
  task: { default: 'sort', help: 'task to learn' },
  tokenizer: { default: 'characters', help: `one of ${Object.keys(tokenizers).join(', ')}` },
  levels: { default: '3:1,4:1,5:2', help: 'levels and how often each is drawn, level:weight,…' },
  hidden: { default: '48', range: [8, 1024], whole: true, help: 'hidden_size' },
  intermediate: { default: '96', range: [8, 4096], whole: true, help: 'intermediate_size' },
  layers: { default: '2', range: [1, 32], whole: true, help: 'num_hidden_layers' },
  heads: {
    default: '4',
    range: [2, 64],
    whole: true,
    help: 'num_attention_heads, of 16 each; half as many of keys and values',
  },
  noise: {
    default: '0.15',
    range: [0, 1],
    whole: false,
    help: 'probability that a digit of the completion is replaced',
  },
  'learning-rate': { default: '3e-3', range: [1e-6, 1], whole: false, help: 'peak of the schedule' },
  steps: { default: '600', range: [1, 1e6], whole: true, help: 'length of the schedule' },
  'stop-at': {
    default: '',
    range: [1, 1e6],
    whole: true,
    help: 'stop the schedule early, after so many steps',
  },
  batch: { default: '64', range: [1, 4096], whole: true, help: 'sequences per step' },
  seed: { default: '0', range: [0, 2 ** 32 - 1], whole: true, help: 'seed of weights, prompts and noise' },
  from: {
    default: '',
    help: 'folder of a model of this lab to go on from, of the same task; its shapes are kept',
  },
  dtype: {
    default: 'F32',
    help: 'F32, or BF16: the weights are rounded before they are evaluated and written',
  },
  out: { default: '', help: 'folder to write; default public/models/<task>-<hidden>' },
} as const satisfies Record<
  string,
  { default: string; range?: readonly [number, number]; whole?: boolean; help: string }
>;

type Flag = keyof typeof flags;

const own: OwnFlags = {
  ...Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      { type: 'string', value: 'value', help: `${flag.help} (default ${flag.default || 'none'})` } as const,
    ]),
  ),
  force: { type: 'boolean', help: 'replace the model where there is one already' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run pretrain`: makes a base model by supervised training on the engine. */
export default async function main(argv: string[]): Promise<void> {
  const { flags: given } = readArguments(argv, own, []);
  if (given.has('help') || argv.length === 0) {
    console.log(ownHelp(own).join('\n'));
    return;
  }
  const text = (name: Flag): string => String(given.get(name) ?? flags[name].default);
  const number = (name: NumberFlag): number => numberOf(name, text(name), flags[name]);

  const task = solvedTaskOf(text('task'));
  const levels = parseLevels(text('levels'), task.levels);
  const dtype = oneOf('dtype', text('dtype'), { F32: 'F32', BF16: 'BF16' } as const);
  const steps = number('steps');
  const stopAt = given.has('stop-at') ? number('stop-at') : steps;
  const seed = number('seed');
  const start = startOf(given, text('from'), text('tokenizer'), number, seed);
  const { config } = start;
  const taskLevel = Math.max(...levels.map(({ level }) => level));
  const oodLevel = Math.min(taskLevel + 1, task.levels[1]);

  const training = {
    task,
    levels,
    noise: number('noise'),
    learningRate: number('learning-rate'),
    steps,
    batch: number('batch'),
    seed,
  };
  const folder = given.has('out')
    ? text('out')
    : modelFolder(`${text('task')}-${String(config.hidden_size)}`);
  const place = claim(folder, {
    flag: '--out',
    force: given.has('force'),
    read: text('from') === '' ? [] : [text('from')],
  });
  if (place.there?.isDirectory() === false) {
    throw new LabError(
      'bad-file',
      `--out can't be ${quotePath(folder)}: it is no folder.`,
      'Name a folder to write.',
    );
  }

  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const pretrainer = new Pretrainer(gpu, kernels, start, training, {
    ...defaultSettings,
    taskLevel,
    oodLevel,
    maxCompletionLength: task.completionLength(oodLevel),
  });
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
  const trained = await pretrainer.engine.readParameters('policy');
  const weights = dtype === 'BF16' ? asBfloats(trained) : trained;
  pretrainer.engine.parameters.policy.load(weights);
  const measured = await pretrainer.evaluate();
  const figure = (value: number | undefined) => (value ?? NaN).toFixed(3);
  const result = `cross-entropy ${loss.toFixed(3)}; at level ${String(taskLevel)}: pass@1 ${figure(measured['eval/sampled'])}, majority ${figure(measured['eval/majority'])}, greedy ${figure(measured['eval/greedy'])}`;
  console.log(result);
  const command = ['npm run pretrain --', ...argv].join(' ');
  const { vendor, architecture } = gpu.adapter;
  writeModelFolder(
    place.path,
    { ...start, weights },
    `Made by\n\n    ${command}\n\non ${vendor} ${architecture}; ${String(start.layout.parameterCount)} parameters.\n${result} (256 held-out prompts, temperature 1).\n`,
    dtype,
  );
  place.release();
  console.log(`${folder}: ${String(start.layout.parameterCount)} parameters`);
}

type NumberFlag = Exclude<Flag, 'task' | 'tokenizer' | 'levels' | 'from' | 'dtype' | 'out'>;

/** What a new model is made of. */
const shapes = ['tokenizer', 'hidden', 'intermediate', 'layers', 'heads'] as const satisfies readonly Flag[];

/** The model to begin with: a new one, or the one of a folder. @throws LabError */
function startOf(
  given: ReadonlyMap<string, unknown>,
  from: string,
  tokenizerName: string,
  number: (name: NumberFlag) => number,
  seed: number,
): BaseModel {
  if (from !== '') {
    const shape = shapes.find((name) => given.has(name));
    if (shape !== undefined) {
      throw new LabError(
        'bad-setting',
        `--${shape} has no effect with --from: the model's shapes are kept.`,
        'Leave it out.',
      );
    }
    return readModelAt(from, 'Name the folder of a model that npm run pretrain has made.');
  }
  const tokenizer = oneOf('tokenizer', tokenizerName, tokenizers);
  const heads = number('heads');
  if (heads % 2 !== 0) {
    throw new LabError(
      'bad-setting',
      `--heads can't be ${String(heads)}: there are half as many of keys and values.`,
      'Give an even number.',
    );
  }
  const config = parseConfig({
    model_type: 'qwen3',
    hidden_size: number('hidden'),
    num_hidden_layers: number('layers'),
    num_attention_heads: heads,
    num_key_value_heads: heads / 2,
    head_dim: 16,
    intermediate_size: number('intermediate'),
    vocab_size: tokenizer.size,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  });
  return initialModel(config, tokenizer, seed);
}

/** @throws LabError for none of them */
function oneOf<T>(flag: Flag, name: string, all: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--${flag} can't be ${quote(name)}.`,
    `Choose one of ${Object.keys(all).join(', ')}.`,
  );
}

function parseLevels(
  text: string,
  [least, most]: readonly [number, number],
): { level: number; weight: number }[] {
  return text.split(',').map((part) => {
    const [level = NaN, weight = 1] = /^\d+(:\d+)?$/.test(part) ? part.split(':').map(Number) : [];
    if (!(
      Number.isInteger(level) &&
      level >= least &&
      level <= most &&
      Number.isInteger(weight) &&
      weight >= 1
    )) {
      throw new LabError(
        'bad-setting',
        `--levels can't hold ${quote(part)}.`,
        `Write level:weight,… with levels from ${String(least)} to ${String(most)} and whole weights from 1, e.g. 3:1,4:1,5:2.`,
      );
    }
    return { level, weight };
  });
}
