import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { algorithmOf } from '../algorithms/index.ts';
import { checkFits, describe as describeModel, megabytes, openAsked, roomOf } from '../asking/model.ts';
import { AdapterEngine, rolloutRoom, type AdapterTraining } from '../engine/frozen/adapterEngine.ts';
import {
  adapterLayout,
  freshAdapter,
  packAdapter,
  unpackAdapter,
  type AdapterLayout,
} from '../engine/frozen/adapterLayout.ts';
import { needOf } from '../engine/frozen/sizes.ts';
import { trainedFactors, updateNeed } from '../engine/frozen/updateSizes.ts';
import { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import { quote } from '../lib/quote.ts';
import {
  adaptable,
  adapterConfigText,
  adapterFileNames,
  openAdapter,
  type Adapter,
  type Target,
} from '../model/pretrained/adapter.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { selfCertainty } from '../rl/reward.ts';
import { formNames } from '../records/completions/answers.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import { flagHelp, parseFlags, refuseIneffective } from '../settings/flags.ts';
import type { HyperparameterKey } from '../settings/hyperparameters.ts';
import { validateSettings } from '../settings/settings.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { Trainer } from '../trainer/trainer.ts';
import { openHeadless } from './headless.ts';
import { nodeHost } from './host.ts';
import { claimFolder } from './keptTraining.ts';
import { listenForEnd } from './listenForEnd.ts';
import { taskOfPrompts, tokenizerOfPrompts } from './loraTask.ts';
import { readPrompts, valuesOf, ways, weightsOf } from './modelFlags.ts';
import { Output, replaceFiles } from './output.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';
import { readTextFile } from './readInput.ts';
import { describe, type MakeTrainer } from './runLane.ts';
import { trainLane } from './trainLane.ts';

const own: OwnFlags = {
  model: { type: 'string', value: 'folder', help: 'the base: config.json, tokenizer.json, *.safetensors' },
  prompts: { type: 'string', value: 'file', help: 'JSON lines: {"prompt": "…", "answer": "…"}' },
  save: { type: 'string', value: 'folder', help: 'a new folder for adapters, as PEFT reads them' },
  adapter: { type: 'string', value: 'folder', help: 'go on from this adapter, as PEFT saved it' },
  rank: { type: 'string', value: 'number', help: 'of a new adapter (default 8)' },
  alpha: {
    type: 'string',
    value: 'number',
    help: 'its product is scaled by alpha ÷ rank (default 2 · rank)',
  },
  targets: { type: 'string', value: 'names', help: `of ${adaptable.join(',')} (default all)` },
  trains: { type: 'string', value: 'factors', help: 'A and B (default), or B: the anchor is then exact' },
  answer: {
    type: 'string',
    value: 'form',
    help: `${formNames.join(', ')}, or a pattern whose first group is the answer (default number)`,
  },
  weights: {
    type: 'string',
    value: 'type',
    help: 'file: the bits of the file (default); int8: a byte a number',
  },
  rows: { type: 'string', value: 'number', help: 'completions in flight at once, at most (default 64)' },
  memory: { type: 'string', value: 'GB', help: 'refuse what needs more' },
  out: { type: 'string', value: 'file', help: 'write a record: JSON lines' },
  force: { type: 'boolean', help: 'replace the file of --out where it is there already' },
  help: { type: 'boolean', help: 'this list' },
};

/** Knobs that speak of what the base model and the prompts decide here. */
const without: readonly HyperparameterKey[] = ['task', 'taskLevel', 'oodLevel', 'halfPrecision'];

/** `npm run lora`: trains an adapter of a model made elsewhere, on prompts of a file, by any algorithm of the lab. */
export default async function main(argv: string[]): Promise<void> {
  const flags = parseFlags(argv, own, readTextFile);
  if (flags.own.has('help')) {
    console.log(
      `npm run lora -- --model FOLDER --prompts FILE.jsonl --save FOLDER [flags]\n\n${flagHelp(own)}`,
    );
    return;
  }
  const { text, needed, number } = valuesOf(flags.own, own);
  const [path, file, save] = [needed('model'), needed('prompts'), needed('save')];
  for (const key of without) {
    if (flags.changes[key] === undefined) continue;
    throw new LabError('bad-setting', `"${key}" has no effect on a model made elsewhere.`, 'Leave it out.');
  }
  const settings = validateSettings(flags.changes);
  refuseIneffective(flags.changes, settings);
  if (algorithmOf(settings.algorithm).reward === selfCertainty) {
    throw new LabError(
      'bad-setting',
      `${algorithmOf(settings.algorithm).name} rewards self-certainty, which is not measured of models made elsewhere yet.`,
      'Choose another algorithm.',
    );
  }
  const prompts = readPrompts(file);
  const form = text('answer') ?? 'number';
  const task = taskOfPrompts(prompts, form);
  task.parseAnswer('');
  const memory = text('memory') === undefined ? null : 1e9 * number('memory', 0, [0.001, 1e4], false);
  const asked = await openAsked(pretrainedFolder(path), path);
  const { model } = asked;
  const begun = text('adapter');
  const adapter = begun === undefined ? null : await openAdapter(pretrainedFolder(begun), model.names);
  const shape = adapter?.config ?? shapeOf(number('rank', 8, [1, 256]), text('targets'));
  const alpha = adapter?.config.alpha ?? number('alpha', 2 * shape.rank, [1e-3, 1e6], false);
  const training: AdapterTraining = {
    rank: shape.rank,
    targets: shape.targets,
    trains: trainsOf(text('trains') ?? 'A and B'),
    scale: adapter?.config.scale ?? alpha / shape.rank,
    inFlight: number('rows', 64, [1, 4096]),
    weights: weightsOf(text('weights') ?? 'file'),
  };
  const layout = adapterLayout(model.names, training);
  const factors =
    adapter === null
      ? freshAdapter(layout, randomStream(settings.seed, 'initialisation', 0))
      : await packAdapter(layout, adapter);
  const tokenizer = tokenizerOfPrompts(asked.tokenizer, model, prompts);
  console.log(describeModel(asked));

  const device = new Device(await openHeadless());
  const { gpu, kernels } = device;
  const make: MakeTrainer = async (under, from, checkpoints) => {
    const trainer = new Trainer(
      gpu,
      kernels,
      {
        tokenizer,
        weights: factors,
        engine: (capacity) => {
          const room = rolloutRoom(model, capacity, training);
          const rolls = needOf(model, training.weights, room);
          const update = updateNeed(model, { slots: 2, ...training }, training.trains, capacity.update);
          const totalBytes = rolls.totalBytes + update.totalBytes;
          const largest = update.largest.bytes > rolls.largest.bytes ? update.largest : rolls.largest;
          checkFits(
            roomOf(gpu, memory, totalmem()),
            [asked],
            [{ ...rolls, totalBytes, largest }],
            room,
            ways,
          );
          console.log(
            `GPU memory: ${megabytes(totalBytes)}: weights ${megabytes(rolls.weightsBytes)}, keys and values ${megabytes(rolls.cacheBytes)}, adapters ${megabytes(rolls.adapterBytes)}, the update ${megabytes(update.totalBytes)}.`,
          );
          return new AdapterEngine(gpu, kernels, model, factors, capacity, training);
        },
      },
      under,
      {
        now: nodeHost.now,
        task,
        checkpoints,
        runReward: nodeHost.runReward,
        ...(from === null ? {} : { from }),
      },
    );
    await trainer.engine.load();
    return trainer;
  };
  const out = text('out');
  claimFolder(save, [path, file, ...(begun === undefined ? [] : [begun])]);
  const output =
    out === undefined
      ? null
      : new Output(out, { flag: '--out', force: flags.own.has('force'), read: [file, path] });
  const configText = adapter?.configText ?? adapterConfigText({ ...shape, alpha }, path);
  try {
    const name = `${settings.algorithm}, LoRA r ${String(shape.rank)} on ${path.split('/').at(-1) ?? path}`;
    const interruption = listenForEnd({ SIGINT: 130, SIGTERM: 143 });
    const sink = {
      write: (lines: string) => output?.write(lines),
      kept: null,
      save: (checkpoint: Checkpoint, ended: boolean) => {
        writeAdapters(save, checkpoint, ended, layout, configText);
      },
    };
    const summary = await trainLane(device, 1, { name, settings, plan: null }, sink, interruption, make);
    console.log(describe(name, settings.seed, summary));
    if (summary.stopped !== undefined && interruption() === null) process.exitCode = 2;
    process.exitCode = interruption() ?? process.exitCode;
  } finally {
    output?.close();
  }
}

/** Policy and anchor of a checkpoint, each a folder that PEFT reads; the policy at the end in the folder itself. */
function writeAdapters(
  folder: string,
  { step, state, anchored }: Checkpoint,
  ended: boolean,
  layout: AdapterLayout,
  configText: string,
): void {
  const write = (to: string, factors: Float32Array): void => {
    const { values, tensors } = unpackAdapter(layout, factors);
    mkdirSync(to, { recursive: true });
    replaceFiles(to, {
      [adapterFileNames.config]: configText,
      [adapterFileNames.weights]: writeSafetensors(values, { tensors }),
    });
  };
  const at = ended ? folder : join(folder, `checkpoint-${String(step)}`);
  write(at, state.policy);
  if (anchored) write(join(at, 'anchor'), state.anchor);
}

function shapeOf(rank: number, given: string | undefined): Pick<Adapter['config'], 'rank' | 'targets'> {
  if (given === undefined) return { rank, targets: adaptable };
  const names = given.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !adaptable.some((target) => target === name));
  if (unknown !== undefined || names.length === 0) {
    throw new LabError(
      'bad-setting',
      `--targets has ${quote(unknown ?? '')}.`,
      `Choose of ${adaptable.join(',')}.`,
    );
  }
  return { rank, targets: adaptable.filter((target: Target) => names.includes(target)) };
}

function trainsOf(given: string): AdapterTraining['trains'] {
  const found = trainedFactors.find((factors) => factors === given);
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--trains can't be ${quote(given)}.`,
    `Choose of ${trainedFactors.join(', ')}.`,
  );
}
