import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quote, quotePath } from '../lib/quote.ts';
import { modelFileNames, type BaseModel } from '../model/baseModel.ts';
import { readmeOf } from '../model/folderFiles.ts';
import { joined } from '../onnx/protobuf.ts';
import { fitsOnnx, writeOnnx, writeOnnxApart } from '../onnx/qwen3.ts';
import type { RecordedRun } from '../records/building.ts';
import { recordCsv } from '../records/csv.ts';
import { recordPage } from '../records/page.ts';
import { thisLab } from '../records/thisLab.ts';
import { numberOf, ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import type { LaneSetup } from '../settings/presets.ts';
import { scriptFiles, scripts } from '../settings/scripts/laneScripts.ts';
import { newestCheckpoint, recordFile } from '../storage/keptRuns.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { checkKeepsAdapter, trainsAdapter, writeAdapterFolder } from './adapterFolder.ts';
import { DiskFolder } from './diskFolder.ts';
import { keepsRuns, readLanes, type Trains } from './keptTraining.ts';
import { writeMergedFolder } from './mergedFolder.ts';
import { readModelAt, readModelFolder, writeModelFolder } from './modelFolder.ts';
import { claim, Output, replaceFiles, type OutputRules } from './output.ts';
import { readRecordFile } from './recordFile.ts';

const formats = {
  hf: 'a Hugging Face folder: config.json, model.safetensors, tokenizer.json, tokenizer_config.json',
  adapter: 'a LoRA adapter as PEFT reads it: adapter_config.json, adapter_model.safetensors',
  onnx: 'an ONNX model with KV cache, opset 18',
  csv: 'the record as CSV, a row a step',
  page: 'the record as one HTML page with charts, which opens from disk',
  trl: 'the settings of a lane as a Python script for TRL’s GRPOTrainer',
  verl: 'the settings of a lane as a shell script that launches verl',
} as const;
const sides = ['policy', 'anchor'] as const;

const own: OwnFlags = {
  from: {
    type: 'string',
    value: 'folder',
    help: 'a folder of npm run train -- --checkpoints, (adapter) one of npm run lora -- --checkpoints, (hf, onnx) a model folder, (hf) with --base the folder of a LoRA adapter, or (csv, page, trl, verl) a record',
  },
  base: {
    type: 'string',
    value: 'folder',
    help: '(hf) the Hugging Face folder of the model that the adapter of --from goes into: W + scale·B·A in its weights',
  },
  format: {
    type: 'string',
    value: 'name',
    help: Object.entries(formats)
      .map(([name, what]) => `${name}, ${what}`)
      .join('; '),
  },
  which: {
    type: 'string',
    value: 'name',
    help: 'policy or anchor of the newest checkpoint (default policy)',
  },
  lane: {
    type: 'string',
    value: 'number',
    help: 'which lane of the folder, from 1 (default 1); (trl, verl) all: --out is a folder, a script a lane',
  },
  out: { type: 'string', value: 'path', help: 'the folder or file to write' },
  'external-data': {
    type: 'boolean',
    help: '(onnx) write the weights into a second file, PATH.data; it is so in any case where they are larger than 1 GiB',
  },
  force: { type: 'boolean', help: 'replace what is there already' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run export`: what a run has made, in the formats of others. */
export default async function main(argv: string[]): Promise<void> {
  const { flags } = readArguments(argv, own, []);
  if (flags.has('help') || argv.length === 0) {
    console.log(ownHelp(own).join('\n'));
    return;
  }
  const given = (name: string): string => {
    const value = flags.get(name);
    if (typeof value === 'string') return value;
    throw new LabError('bad-setting', `--${name} is missing.`, 'See npm run export -- --help.');
  };
  const oneOf = <T extends string>(name: string, value: string, all: readonly T[]): T => {
    const found = all.find((one) => one === value);
    if (found !== undefined) return found;
    throw new LabError(
      'bad-setting',
      `--${name} can't be ${quote(value)}.`,
      `Choose one of ${all.join(', ')}.`,
    );
  };
  const format = oneOf('format', given('format'), Object.keys(formats) as (keyof typeof formats)[]);
  const which = oneOf('which', String(flags.get('which') ?? 'policy'), sides);
  const [from, out] = [given('from'), given('out')];
  const all = flags.get('lane') === 'all';
  if (all && format !== 'trl' && format !== 'verl') {
    throw new LabError(
      'bad-setting',
      `--lane can't be all with --format ${format}.`,
      'Give the number of a lane, or --format trl or verl.',
    );
  }
  const lane = all ? 1 : numberOf('lane', String(flags.get('lane') ?? 1), { range: [1, 1000], whole: true });
  const base = flags.get('base')?.toString() ?? null;
  if (base !== null && (format !== 'hf' || flags.has('which') || flags.has('lane'))) {
    throw new LabError(
      'bad-setting',
      '--base goes with --format hf, without --which and --lane: the folder of an adapter holds one.',
      'Name the adapter’s own folder after --from, as adapters/anchor.',
    );
  }
  const read = base === null ? [from] : [from, base];
  const rules = { flag: '--out', force: flags.has('force'), read };
  const apart = flags.has('external-data');
  if (apart && format !== 'onnx') {
    throw new LabError('bad-setting', '--external-data goes with --format onnx.', 'Leave it out.');
  }
  if (format === 'adapter') checkKeepsAdapter(from);
  if (format === 'onnx') {
    const output = new Output(out, rules);
    try {
      const { model } = await modelOf(from, which, lane);
      if (apart || !fitsOnnx(model)) writeOnnxPair(output, out, rules, model);
      else output.write(joined(writeOnnx(model, thisLab.version)));
    } finally {
      output.close();
    }
    return;
  }
  if (format !== 'hf' && format !== 'adapter' && !all) {
    const output = new Output(out, rules);
    try {
      const runs = runsOf(from);
      if (format === 'csv') output.write(recordCsv(runs));
      else if (format === 'page') output.write(recordPage(runs));
      else output.write(scripts[format].write(laneOf(runs, lane)));
    } finally {
      output.close();
    }
    return;
  }
  const place = claim(out, rules);
  try {
    if (place.there?.isDirectory() === false) {
      throw new LabError(
        'bad-file',
        `--out can't be ${quotePath(out)}: it is no folder.`,
        'Name a folder to write.',
      );
    }
    if (format === 'trl' || format === 'verl') replaceFiles(out, scriptFiles(format, runsOf(from)));
    else if (format === 'adapter') {
      await writeAdapterFolder(out, from, await checkpointOf(from, which, lane, 'lora'), which);
    } else if (base === null) {
      const { model, readme } = await modelOf(from, which, lane);
      writeModelFolder(out, model, readme);
    } else await writeMergedFolder(out, base, from);
  } finally {
    place.release();
  }
}

/** Writes a model, and its weights into a second file beside it. */
function writeOnnxPair(output: Output, out: string, rules: OutputRules, model: BaseModel): void {
  const data = new Output(`${out}.data`, rules);
  try {
    const { file, weights } = writeOnnxApart(model, thisLab.version, `${basename(out)}.data`);
    // First: a model without its weights would be none.
    for (const chunk of weights) data.write(chunk);
    output.write(joined(file));
  } finally {
    data.close();
  }
}

/** The runs of a record, or of a folder that keeps one. */
function runsOf(from: string): readonly RecordedRun[] {
  const { runs, truncated } = readRecordFile(keepsRuns(from) ? join(from, recordFile) : from);
  if (truncated !== null) console.error(`${quotePath(from)}: ${truncated}`);
  return runs;
}

/** @throws LabError where there are not so many */
function laneOf<Lane>(lanes: readonly Lane[], number: number): Lane {
  const lane = lanes[number - 1];
  if (lane !== undefined) return lane;
  throw new LabError(
    'bad-setting',
    `--lane can't be ${number}: there are ${lanes.length}.`,
    `Give a whole number from 1 to ${lanes.length}.`,
  );
}

/** The model that a folder holds, and what a README says of it. @throws LabError where there is none */
async function modelOf(
  from: string,
  which: (typeof sides)[number],
  number: number,
): Promise<{ readonly model: BaseModel; readonly readme: string }> {
  if (!keepsRuns(from)) {
    if (!existsSync(join(from, modelFileNames.config))) {
      throw new LabError(
        'bad-file',
        `--from ${quotePath(from)} holds neither runs nor a model.`,
        'Name a folder that npm run train -- --checkpoints has made, or one with config.json, tokenizer.json and model.safetensors.',
      );
    }
    return {
      model: readModelAt(from, 'Name the folder of a model of this lab.'),
      readme: `# A model of M-GRPO Lab\n`,
    };
  }
  if (trainsAdapter(from)) {
    throw new LabError(
      'bad-setting',
      `--from ${quotePath(from)} trains an adapter, which is no model by itself.`,
      'Export it by --format adapter, and what that writes by --format hf with --base MODEL.',
    );
  }
  const { name, settings, state, step } = await checkpointOf(from, which, number);
  const readme = readmeOf({ side: which, name, step, settings });
  return { model: { ...readModelFolder(settings.model), weights: state[which] }, readme };
}

/** The newest checkpoint of a lane, and the lane. @throws LabError where there is none, or no such side of it */
async function checkpointOf(
  from: string,
  which: (typeof sides)[number],
  number: number,
  by: Trains = 'train',
): Promise<Checkpoint & LaneSetup> {
  const { lanes } = readLanes(from, '--from', by);
  const lane = laneOf(lanes, number);
  const checkpoint = await newestCheckpoint(new DiskFolder(from), number);
  if (checkpoint === null) {
    throw new LabError(
      'bad-file',
      `--from ${quotePath(from)} has no checkpoint of lane ${number} yet.`,
      'Train further.',
    );
  }
  if (which === 'anchor' && !checkpoint.anchored) {
    throw new LabError(
      'bad-setting',
      `--which can't be anchor: lane ${number}, ${quote(lane.name)}, keeps none.`,
      'Export its policy.',
    );
  }
  return { ...checkpoint, name: lane.name, settings: lane.settings };
}
