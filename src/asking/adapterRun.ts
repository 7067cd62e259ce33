import type { EngineCapacity } from '../engine/engine.ts';
import {
  AdapterEngine,
  trainingNeed,
  type AdapterNeed,
  type AdapterTraining,
} from '../engine/frozen/adapterEngine.ts';
import {
  adapterLayout,
  freshAdapter,
  packAdapter,
  unpackAdapter,
  type AdapterLayout,
} from '../engine/frozen/adapterLayout.ts';
import type { WeightChoice } from '../engine/frozen/matrix.ts';
import { allocating } from '../gpu/allocating.ts';
import type { Device, Host } from '../host/host.ts';
import { crc32 } from '../lib/crc32.ts';
import { randomStream } from '../lib/philox.ts';
import { adapterConfigText, adapterFileNames, type Adapter } from '../model/pretrained/adapter.ts';
import type { ModelNames } from '../model/pretrained/tensors.ts';
import { writeSafetensors } from '../model/safetensors.ts';
import type { LoraHead } from '../records/lora.ts';
import type { AdapterChoice } from '../settings/adapterKnobs.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import { keepsAnchor } from '../settings/relevance.ts';
import type { Task } from '../spec/task.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { engineCapacity } from '../trainer/prepare.ts';
import { Trainer } from '../trainer/trainer.ts';
import { checkNeeds, roomOf, type AskedModel, type Ways } from './model.ts';
import type { AskedText } from './prompts.ts';
import { taskOfPrompts, tokenizerOfPrompts } from './promptsTask.ts';
import type { Written } from './written.ts';
import { writtenOnce } from './writtenOnce.ts';

/** A run of an adapter, all that it is made of opened and checked. */
export interface AdapterRun {
  readonly name: string;
  /** The base, without an adapter. */
  readonly asked: AskedModel;
  readonly task: Task;
  readonly tokenizer: Tokenizer;
  readonly training: AdapterTraining;
  readonly layout: AdapterLayout;
  /** Its adapter_config.json. */
  readonly configText: string;
}

/** A run, and the factors that it begins with, [layout.size]. */
export interface OpenRun extends AdapterRun {
  readonly factors: Float32Array<ArrayBuffer>;
  /** What its record says of it. */
  readonly lora: LoraHead;
}

/** What a run is made of. */
export interface AdapterParts {
  readonly base: AskedModel;
  /** What the base is called in the run's name, and in adapter_config.json. */
  readonly called: string;
  readonly path: string;
  readonly prompts: readonly AskedText[];
  /** Null: a new one. */
  readonly from: Adapter | null;
  readonly choice: AdapterChoice;
}

/**
 * Puts a run together; nothing is computed yet.
 * @throws LabError `bad-file`, `bad-setting`
 */
export async function planAdapterRun(
  { base, called, path, prompts, from, choice }: AdapterParts,
  settings: Settings,
): Promise<AdapterRun> {
  const written = await writtenOnce(base, prompts, choice.template);
  const { task, tokenizer } = madeOf(base, prompts, written, choice.answer);
  const { model } = base;
  const { training, ...shape } = shapeOf(model.names, { path, from, choice });
  return {
    // A record takes names of 200 characters.
    name: `${settings.algorithm}, LoRA r ${String(training.rank)} on ${called}`.slice(0, 200),
    ...{ asked: base, task, tokenizer, training, ...shape },
  };
}

/** What a run's adapters look like, whatever it trains them on. */
export function shapeOf(
  names: ModelNames,
  { path, from, choice }: Pick<AdapterParts, 'path' | 'from' | 'choice'>,
): Pick<AdapterRun, 'training' | 'layout' | 'configText'> {
  const { rank, targets } = from?.config ?? choice;
  const alpha = from?.config.alpha ?? choice.alpha ?? 2 * rank;
  const training: AdapterTraining = {
    ...{ rank, targets, trains: choice.trains, weights: choice.weights, inFlight: choice.rows },
    scale: from?.config.scale ?? alpha / rank,
  };
  return {
    training,
    layout: adapterLayout(names, training),
    configText: from?.configText ?? adapterConfigText({ rank, targets, alpha }, path),
  };
}

/** What a run makes of its prompts. */
interface MadeOfPrompts {
  /** How answers are found. */
  readonly answer: string;
  readonly task: Task;
  readonly tokenizer: Tokenizer;
}

/** By the prompts as they are written: knobs change more often than these. */
const made = new WeakMap<readonly Written[], MadeOfPrompts>();

function madeOf(
  { tokenizer, model }: AskedModel,
  prompts: readonly AskedText[],
  written: readonly Written[],
  answer: string,
): MadeOfPrompts {
  const before = made.get(written);
  if (before?.answer === answer) return before;
  const texts = prompts.map((each, i) => ({ ...each, prompt: written[i]?.text ?? each.prompt }));
  const task = taskOfPrompts(texts, answer);
  const now = { answer, task, tokenizer: tokenizerOfPrompts(tokenizer, model, written) };
  made.set(written, now);
  return now;
}

/** Puts a run together, with the factors that it begins with. @throws LabError as `planAdapterRun` */
export async function openAdapterRun(parts: AdapterParts, settings: Settings): Promise<OpenRun> {
  const run = await planAdapterRun(parts, settings);
  const factors =
    parts.from === null
      ? freshAdapter(run.layout, randomStream(settings.seed, 'initialisation', 0))
      : await packAdapter(run.layout, parts.from);
  const { base, called, prompts, from, choice } = parts;
  const made = {
    prompts: crc32(new TextEncoder().encode(JSON.stringify(prompts))),
    base: await crcOfBase(base),
    factors: crc32(new Uint8Array(factors.buffer)),
  };
  const targets = [...choice.targets];
  return { ...run, factors, lora: { model: called, from: from !== null, ...choice, targets, made } };
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

/** What its engine must hold. */
export function capacityOfRun({ task, tokenizer }: AdapterRun, settings: Settings): Required<EngineCapacity> {
  return engineCapacity(settings, task, tokenizer, keepsAnchor(settings));
}

export function adapterNeed({ asked, training, ...run }: AdapterRun, settings: Settings): AdapterNeed {
  return trainingNeed(asked.model, training, capacityOfRun({ asked, training, ...run }, settings));
}

/** What a device is said to hold, and what whoever asks calls the ways to need less. */
export interface Limits {
  /** Bytes that somebody says it has; null: nobody does. */
  readonly memory: number | null;
  /** Bytes of the computer's memory. */
  readonly computer: number;
  readonly ways: Ways;
}

/** @throws LabError `does-not-fit`, with the figures */
export function checkRunFits(
  run: AdapterRun,
  settings: Settings,
  { gpu }: Pick<Device, 'gpu'>,
  { memory, computer, ways }: Limits,
): void {
  const need = adapterNeed(run, settings);
  const less = (weights: WeightChoice, inFlight: number) =>
    adapterNeed({ ...run, training: { ...run.training, weights, inFlight } }, settings).totalBytes;
  checkNeeds(roomOf(gpu, memory, computer), [need], need.room.completions, less, ways);
}

/** Where a trainer begins, and how. */
export interface Begins {
  /** Null: at the run's beginning. */
  readonly from: Checkpoint | null;
  /** Whether steps give checkpoints. */
  readonly checkpoints: boolean;
  /** Told how many bytes of the model were read. */
  readonly progress?: (bytes: number) => void;
}

/**
 * A trainer of a run, its model on the device: compile the kernels before its first step.
 * @throws LabError `does-not-fit` where the device is out of memory, `bad-file`
 */
export async function adapterTrainer(
  { asked, task, tokenizer, training, factors }: OpenRun,
  { gpu, kernels }: Pick<Device, 'gpu' | 'kernels'>,
  { now, runReward }: Pick<Host, 'now' | 'runReward'>,
  settings: Settings,
  { from, checkpoints, progress }: Begins,
): Promise<Trainer<AdapterEngine>> {
  const model = {
    tokenizer,
    weights: factors,
    engine: (capacity: EngineCapacity) =>
      new AdapterEngine(gpu, kernels, asked.model, factors, capacity, training),
  };
  const options = { now, task, checkpoints, runReward, ...(from === null ? {} : { from }) };
  const discard = (trainer: Trainer<AdapterEngine>): void => {
    trainer.destroy();
  };
  const trainer = await allocating(gpu, () => new Trainer(gpu, kernels, model, settings, options), discard);
  try {
    await trainer.engine.load(progress);
  } catch (error) {
    discard(trainer);
    throw error;
  }
  return trainer;
}

/** The files of an adapter, as PEFT reads them. @param factors [layout.size] */
export function adapterFiles(
  { layout, configText }: Pick<AdapterRun, 'layout' | 'configText'>,
  factors: Float32Array,
): Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> {
  const { values, tensors } = unpackAdapter(layout, factors);
  return {
    [adapterFileNames.config]: configText,
    [adapterFileNames.weights]: writeSafetensors(values, { tensors }),
  };
}
