import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, join, resolve } from 'node:path';
import * as v from 'valibot';
import { checkFits, megabytes, openAsked, roomOf, type AskedModel } from '../asking/model.ts';
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
import type { Device } from '../host/host.ts';
import { crc32 } from '../lib/crc32.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import { quote, quotePath } from '../lib/quote.ts';
import {
  adaptable,
  adapterConfigText,
  adapterFileNames,
  openAdapter,
  type Adapter,
  type Target,
} from '../model/pretrained/adapter.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import { formNames } from '../records/completions/answers.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { Trainer } from '../trainer/trainer.ts';
import { nodeHost } from './host.ts';
import { taskOfPrompts, tokenizerOfPrompts } from './loraTask.ts';
import { readPrompts, valuesOf, ways, weightsOf } from './modelFlags.ts';
import { replaceFiles } from './output.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';
import { readTextFile } from './readInput.ts';
import type { MakeTrainer } from './runLane.ts';

/** The flags that say what a run is made of, beside its settings: what is kept of it, to go on with. */
export const runFlags = {
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
} as const satisfies OwnFlags;

/** A run of an adapter, all that it is made of opened and checked. */
export interface AdapterRun {
  /** What was given. */
  readonly flags: Readonly<Record<string, string>>;
  readonly name: string;
  /** Where its adapters go, and what is read for it. */
  readonly save: string;
  readonly read: readonly string[];
  readonly asked: AskedModel;
  readonly task: Task;
  readonly tokenizer: Tokenizer;
  readonly training: AdapterTraining;
  readonly layout: AdapterLayout;
  /** That it begins with, [layout.size]. */
  readonly factors: Float32Array<ArrayBuffer>;
  readonly configText: string;
  readonly made: Fingerprint;
}

/** CRC-32 of what a run is made of: of the base its config, and of each tensor the type and the first numbers. */
const fingerprint = v.strictObject({ prompts: v.number(), base: v.number(), factors: v.number() });
type Fingerprint = v.InferOutput<typeof fingerprint>;

/**
 * Opens what flags name.
 * @param folder that their paths start from
 * @throws LabError `bad-file`, `bad-setting`
 */
export async function openAdapterRun(
  given: ReadonlyMap<string, string | boolean>,
  settings: Settings,
  folder = '.',
): Promise<AdapterRun> {
  const { text, needed, number } = valuesOf(given, runFlags);
  const place = (path: string): string => (folder === '.' ? path : resolve(folder, path));
  const base = needed('model');
  const [path, file, save] = [place(base), place(needed('prompts')), place(needed('save'))];
  const prompts = readPrompts(file);
  const task = taskOfPrompts(prompts, text('answer') ?? 'number');
  task.parseAnswer('');
  const asked = await openAsked(pretrainedFolder(path), path);
  const { model } = asked;
  const begun = text('adapter') === undefined ? undefined : place(needed('adapter'));
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
  const flags = Object.keys(runFlags).flatMap((flag) => {
    const value = text(flag);
    return value === undefined ? [] : [[flag, value] as const];
  });
  return {
    flags: Object.fromEntries(flags),
    name: `${settings.algorithm}, LoRA r ${String(shape.rank)} on ${basename(resolve(path))}`,
    save,
    read: [path, file, ...(begun === undefined ? [] : [begun])],
    ...{ asked, task, training, layout, factors },
    tokenizer: tokenizerOfPrompts(asked.tokenizer, model, prompts),
    configText: adapter?.configText ?? adapterConfigText({ ...shape, alpha }, base),
    made: {
      prompts: crc32(new TextEncoder().encode(JSON.stringify(prompts))),
      base: await crcOfBase(asked),
      factors: crc32(new Uint8Array(factors.buffer)),
    },
  };
}

/** Of each tensor so many numbers tell one checkpoint of a model from another. */
const looked = 64;

async function crcOfBase({ model: { config, weights } }: AskedModel): Promise<number> {
  let crc = crc32(new TextEncoder().encode(JSON.stringify(config)));
  for (const { name, type, shape, read } of weights.values()) {
    const length = shape.reduce((product, size) => product * size, 1);
    crc = crc32(new TextEncoder().encode(`${name} ${type}`), crc);
    crc = crc32(await read(0, Math.min(looked, length)), crc);
  }
  return crc;
}

/** What makes the trainers of a run. @param memory bytes that it may take; null: as many as there are */
export function trainerOf(
  { asked, task, tokenizer, training, factors }: AdapterRun,
  { gpu, kernels }: Device,
  memory: number | null,
): MakeTrainer {
  const { model } = asked;
  return async (under, from, checkpoints) => {
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
}

/** Policy and anchor of a checkpoint, each a folder that PEFT reads; the policy at the end in the folder itself. */
export function writeAdapters(
  { save, layout, configText }: AdapterRun,
  { step, state, anchored }: Checkpoint,
  ended: boolean,
): void {
  const write = (to: string, factors: Float32Array): void => {
    const { values, tensors } = unpackAdapter(layout, factors);
    mkdirSync(to, { recursive: true });
    replaceFiles(to, {
      [adapterFileNames.config]: configText,
      [adapterFileNames.weights]: writeSafetensors(values, { tensors }),
    });
  };
  const at = ended ? save : join(save, `checkpoint-${String(step)}`);
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

/** Beside the record and the checkpoints of a run: what it is made of. */
const runFile = 'adapter.json';
const mostRunBytes = 2 ** 20;
const schema = v.strictObject({
  version: v.literal(1),
  /** Where the command was given: paths start from there. */
  folder: v.string(),
  flags: v.record(v.string(), v.string()),
  made: fingerprint,
});

/** Keeps what a run is made of. */
export function keepAdapterRun(folder: string, { flags, made }: AdapterRun): void {
  const kept = { version: 1, folder: process.cwd(), flags, made };
  replaceFiles(folder, { [runFile]: `${JSON.stringify(kept, null, 1)}\n` });
}

/**
 * Opens what a kept run is made of once more.
 * @throws LabError `bad-file` where it is not kept, or is no longer what it began with
 */
export async function reopenAdapterRun(folder: string, settings: Settings): Promise<AdapterRun> {
  const refused = (why: string, remedy: string): LabError =>
    new LabError('bad-file', `--resume ${quotePath(folder)} ${why}.`, remedy);
  const remedy = 'Name a folder that npm run lora -- --checkpoints has made.';
  const text = readTextFile(join(folder, runFile), { mostBytes: mostRunBytes, remedy });
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!read.success) throw refused(`keeps a run of another version: ${runFile} can't be read`, remedy);
  const { flags, made, folder: from } = read.output;
  const run = await openAdapterRun(new Map(Object.entries(flags)), settings, from);
  for (const [part, flag] of [
    ['prompts', 'prompts'],
    ['base', 'model'],
    ['factors', 'adapter'],
  ] as const) {
    if (run.made[part] === made[part]) continue;
    throw refused(
      `began with another --${flag}: ${quotePath(flags[flag] ?? '')} has changed since`,
      'Put back what was there, or begin anew.',
    );
  }
  return run;
}
