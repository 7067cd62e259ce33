import { existsSync, mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename, join, resolve } from 'node:path';
import * as v from 'valibot';
import {
  adapterFiles,
  adapterNeed,
  adapterTrainer,
  checkRunFits,
  openAdapterRun as putTogether,
  shapeOf,
  type OpenRun,
} from '../asking/adapterRun.ts';
import { megabytes, openAsked } from '../asking/model.ts';
import { mostPromptBytes, promptRemedy } from '../asking/prompts.ts';
import type { AdapterEngine } from '../engine/frozen/adapterEngine.ts';
import { trainedFactors } from '../engine/frozen/updateSizes.ts';
import type { Device } from '../host/host.ts';
import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { adaptable, openAdapter, type Target } from '../model/pretrained/adapter.ts';
import { openPretrained } from '../model/pretrained/pretrained.ts';
import { formNames } from '../records/completions/answers.ts';
import { loraHead, type LoraHead } from '../records/lora.ts';
import { adapterKnobs, type AdapterChoice } from '../settings/adapterKnobs.ts';
import type { OwnFlags } from '../settings/arguments.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import type { Trainer } from '../trainer/trainer.ts';
import { nodeHost } from './host.ts';
import { readPrompts, templateFlag, valuesOf, ways, weightsOf } from './modelFlags.ts';
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
  rank: {
    type: 'string',
    value: 'number',
    help: `${adapterKnobs.rank.help} (default ${String(adapterKnobs.rank.default)})`,
  },
  alpha: {
    type: 'string',
    value: 'number',
    help: `${adapterKnobs.alpha.help} (default 2 · rank)`,
  },
  targets: { type: 'string', value: 'names', help: `of ${adaptable.join(',')} (default all)` },
  trains: { type: 'string', value: 'factors', help: 'A and B (default), or B: the anchor is then exact' },
  answer: {
    type: 'string',
    value: 'form',
    help: `${formNames.join(', ')}, or a pattern whose first group is the answer (default number)`,
  },
  template: templateFlag,
  weights: {
    type: 'string',
    value: 'type',
    help: 'file: the bits of the file (default); int8: a byte a number',
  },
  rows: {
    type: 'string',
    value: 'number',
    help: `${adapterKnobs.rows.help} (default ${String(adapterKnobs.rows.default)})`,
  },
} as const satisfies OwnFlags;

/** A run of an adapter that flags name. */
export interface AdapterRun extends OpenRun {
  /** What was given, and the folder that its paths start from. */
  readonly flags: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Where its adapters go, and what is read for it, its prompts among that. */
  readonly save: string;
  readonly prompts: string;
  readonly read: readonly string[];
}

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
  const { text, needed } = valuesOf(given, runFlags);
  const place = (path: string): string => (folder === '.' ? path : resolve(folder, path));
  const base = needed('model');
  const [path, file, save] = [place(base), place(needed('prompts')), place(needed('save'))];
  const begun = text('adapter') === undefined ? undefined : place(needed('adapter'));
  const run = await openMadeOf({ path, file, begun, base }, choiceOf(given), settings);
  const flags = Object.keys(runFlags).flatMap((flag) => {
    const value = text(flag);
    return value === undefined ? [] : [[flag, value] as const];
  });
  return {
    ...run,
    flags: Object.fromEntries(flags),
    folder: resolve(folder),
    save,
    prompts: file,
    read: [path, file, ...(begun === undefined ? [] : [begun])],
  };
}

/** @param of where base, prompts and the adapter to begin from lie; `base` as adapter_config.json names it */
async function openMadeOf(
  of: {
    readonly path: string;
    readonly file: string;
    readonly begun: string | undefined;
    readonly base: string;
  },
  choice: AdapterChoice,
  settings: Settings,
): Promise<OpenRun> {
  const prompts = readPrompts(of.file);
  const base = await openAsked(pretrainedFolder(of.path), of.path);
  const from =
    of.begun === undefined ? null : await openAdapter(pretrainedFolder(of.begun), base.model.names);
  const called = basename(resolve(of.path));
  return putTogether({ base, called, path: of.base, prompts, from, choice }, settings);
}

/** What a run of a record is made of, given once more. */
export const madeOfFlags = {
  model: runFlags.model,
  prompts: runFlags.prompts,
  adapter: { ...runFlags.adapter, help: 'that it began from, where it did' },
} as const satisfies OwnFlags;

/**
 * Opens what a recorded run was made of.
 * @param given `madeOfFlags`
 * @throws LabError `bad-setting` where something is not given, `bad-file` where it is not what it was
 */
export async function openRecorded(
  { name, settings, lora }: { readonly name: string; readonly settings: Settings; readonly lora: LoraHead },
  given: ReadonlyMap<string, string | boolean>,
): Promise<OpenRun> {
  const { text } = valuesOf(given, madeOfFlags);
  const [path, file, begun] = [text('model'), text('prompts'), text('adapter')];
  if (path === undefined || file === undefined || lora.from !== (begun !== undefined)) {
    throw new LabError(
      'bad-setting',
      `${quote(name)} trains an adapter of ${quote(lora.model)}${lora.from ? ', from one that was there' : ''}.`,
      `Give what it is made of: --model FOLDER --prompts FILE.jsonl${lora.from ? ' --adapter FOLDER' : ', and no --adapter'}.`,
    );
  }
  const run = await openMadeOf({ path, file, begun, base: path }, lora, settings);
  for (const [part, flag] of parts) {
    if (run.lora.made[part] === lora.made[part]) continue;
    throw new LabError(
      'bad-file',
      `--${flag} ${quotePath(text(flag) ?? '')} is not what ${quote(name)} was trained on.`,
      'Give it as it was.',
    );
  }
  return run;
}

/** Parts of what a run is made of, and the flags that give them; factors of a new adapter follow from the seed. */
const parts = [
  ['prompts', 'prompts'],
  ['base', 'model'],
  ['factors', 'adapter'],
] as const;

/** @throws LabError `bad-setting` naming the flag */
function choiceOf(given: ReadonlyMap<string, string | boolean>): AdapterChoice {
  const { text, number } = valuesOf(given, runFlags);
  const { rank, alpha, rows } = adapterKnobs;
  return {
    rank: number('rank', rank.default, rank.range),
    alpha: text('alpha') === undefined ? null : number('alpha', 1, alpha.range, false),
    targets: targetsOf(text('targets')),
    trains: trainsOf(text('trains') ?? adapterKnobs.trains.default),
    rows: number('rows', rows.default, rows.range),
    weights: weightsOf(text('weights') ?? adapterKnobs.weights.default),
    answer: text('answer') ?? adapterKnobs.answer.default,
    template: text('template') ?? adapterKnobs.template.default,
  };
}

/** Makes the trainer of an adapter, as `MakeTrainer`. */
export type MakeAdapterTrainer = (...given: Parameters<MakeTrainer>) => Promise<Trainer<AdapterEngine>>;

/** What makes the trainers of a run. @param memory bytes that it may take; null: as many as there are */
export function trainerOf(run: OpenRun, device: Device, memory: number | null): MakeAdapterTrainer {
  return async (under, from, checkpoints) => {
    const need = adapterNeed(run, under);
    checkRunFits(run, under, device, { memory, computer: totalmem(), ways });
    console.log(
      `GPU memory: ${megabytes(need.totalBytes)}: weights ${megabytes(need.weightsBytes)}, keys and values ${megabytes(need.cacheBytes)}, adapters ${megabytes(need.adapterBytes)}, the update ${megabytes(need.updateBytes)}.`,
    );
    return adapterTrainer(run, device, nodeHost, under, { from, checkpoints });
  };
}

/** Policy and anchor of a checkpoint, each a folder that PEFT reads; the policy at the end in the folder itself. */
export function writeAdapters(run: AdapterRun, { step, state, anchored }: Checkpoint, ended: boolean): void {
  const write = (to: string, factors: Float32Array): void => {
    mkdirSync(to, { recursive: true });
    replaceFiles(to, adapterFiles(run, factors));
  };
  const at = ended ? run.save : join(run.save, `checkpoint-${String(step)}`);
  write(at, state.policy);
  if (anchored) write(join(at, 'anchor'), state.anchor);
}

function targetsOf(given: string | undefined): AdapterChoice['targets'] {
  if (given === undefined) return adapterKnobs.targets.default;
  const names = given.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !adaptable.some((target) => target === name));
  if (unknown !== undefined || names.length === 0) {
    throw new LabError(
      'bad-setting',
      `--targets has ${quote(unknown ?? '')}.`,
      `Choose of ${adaptable.join(',')}.`,
    );
  }
  return adaptable.filter((target: Target) => names.includes(target));
}

function trainsOf(given: string): AdapterChoice['trains'] {
  const found = trainedFactors.find((factors) => factors === given);
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--trains can't be ${quote(given)}.`,
    `Choose of ${trainedFactors.join(', ')}.`,
  );
}

/** Beside the record and the checkpoints of a run: what it is made of. */
export const runFile = 'adapter.json';
const mostRunBytes = 2 ** 20;
const schema = v.strictObject({
  version: v.literal(1),
  /** Where the command was given: paths start from there. */
  folder: v.string(),
  flags: v.record(v.string(), v.string()),
  made: loraHead.entries.made,
});

/** Beside it: the prompts, which lie elsewhere and may change. */
const promptsFile = 'prompts.jsonl';

/** What a run is made of, as files to be kept: all but the model, and the adapter that it began from. */
export function filesOfRun({
  flags,
  folder,
  lora: { made },
  prompts,
}: AdapterRun): Readonly<Record<string, string>> {
  const kept = { version: 1, folder, flags, made };
  return {
    [promptsFile]: readTextFile(prompts, { mostBytes: mostPromptBytes, remedy: promptRemedy }),
    [runFile]: `${JSON.stringify(kept, null, 1)}\n`,
  };
}

/** What a kept run is made of. @param flag that named the folder @throws LabError `bad-file` */
function readAdapterRun(folder: string, flag: string): v.InferOutput<typeof schema> {
  const remedy = 'Name a folder that npm run lora -- --checkpoints has made.';
  const text = readTextFile(join(folder, runFile), { mostBytes: mostRunBytes, remedy });
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (read.success) return read.output;
  throw new LabError(
    'bad-file',
    `${flag} ${quotePath(folder)} keeps a run of another version: ${runFile} can't be read.`,
    remedy,
  );
}

/**
 * Opens what a kept run is made of once more.
 * @param flag that named the folder
 * @param settings at step 0
 * @param save where its adapters go, if not where those of the kept run do
 * @throws LabError `bad-file` where it is not kept, or is no longer what it began with
 */
export async function reopenAdapterRun(
  folder: string,
  flag: string,
  settings: Settings,
  save?: string,
): Promise<AdapterRun> {
  const { flags: given, made, folder: from } = readAdapterRun(folder, flag);
  const own = resolve(folder, promptsFile);
  const flags: Readonly<Record<string, string>> = {
    ...given,
    // Runs that were begun before kept none.
    ...(existsSync(own) ? { prompts: own } : {}),
    ...(save === undefined ? {} : { save: resolve(save) }),
  };
  const run = await openAdapterRun(new Map(Object.entries(flags)), settings, from);
  for (const [part, of] of parts) {
    if (run.lora.made[part] === made[part]) continue;
    throw new LabError(
      'bad-file',
      `${flag} ${quotePath(folder)} began with another --${of}: ${quotePath(flags[of] ?? '')} has changed since.`,
      'Put back what was there, or begin anew.',
    );
  }
  return run;
}

/**
 * What the adapters of a kept run look like: its base must be there, and the adapter that it began from; its prompts needn't.
 * @throws LabError `bad-file`
 */
export async function shapeOfKept(
  folder: string,
  flag: string,
): Promise<Pick<OpenRun, 'layout' | 'configText'>> {
  const { flags, folder: from } = readAdapterRun(folder, flag);
  const given = new Map(Object.entries(flags));
  const { text, needed } = valuesOf(given, runFlags);
  const base = pretrainedFolder(resolve(from, needed('model')));
  const begun = text('adapter') === undefined ? null : pretrainedFolder(resolve(from, needed('adapter')));
  try {
    const { names } = await openPretrained(base);
    const adapter = begun === null ? null : await openAdapter(begun, names);
    return shapeOf(names, { path: needed('model'), from: adapter, choice: choiceOf(given) });
  } finally {
    base.close();
    begun?.close();
  }
}
