import {
  chmodSync,
  closeSync,
  copyFileSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { openAdapter } from '../model/pretrained/adapter.ts';
import { merged } from '../model/pretrained/merge.ts';
import { openPretrained } from '../model/pretrained/pretrained.ts';
import { FolderParts } from './output.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';

/** What a model's folder may hold beside config.json and weights, and stays as it is. */
const beside = [
  ...['generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'],
  ...['special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt', 'tokenizer.model'],
  'model.safetensors.index.json',
];

/**
 * Writes a model with a LoRA adapter in its weights: the files of the base, of which those numbers alone are others.
 * @throws LabError `bad-file` where either is not read, or a file can't be written; what was there is whole still
 */
export async function writeMergedFolder(out: string, base: string, adapter: string): Promise<void> {
  const [model, factors] = [pretrainedFolder(base), pretrainedFolder(adapter)];
  const parts = new FolderParts(out);
  const open: number[] = [];
  try {
    const opened = await openPretrained(model);
    const added = await openAdapter(factors, opened.names);
    const weights = new Set([...opened.weights.values()].map(({ file }) => file));
    const places = new Map<string, number>();
    const copied = ['config.json', ...weights, ...beside.filter((name) => existsSync(join(base, name)))];
    for (const name of copied) {
      const place = parts.place(name);
      copyFileSync(join(base, name), place, constants.COPYFILE_FICLONE);
      // What it is copied from may be for reading alone.
      chmodSync(place, 0o644);
      if (!weights.has(name)) continue;
      const file = openSync(place, 'r+');
      open.push(file);
      places.set(name, file);
    }
    for await (const { file, at, bytes } of merged(opened, added)) put(places.get(file), bytes, at);
    writeFileSync(parts.place('README.md'), readme(base, adapter));
    close(open);
    parts.settle();
    // Weights of another model that was replaced would be read in the place of these.
    for (const name of readdirSync(out))
      if (/^model.*\.safetensors/.test(name) && !copied.includes(name)) rmSync(join(out, name));
  } catch (cause) {
    close(open);
    throw parts.discard(cause);
  } finally {
    model.close();
    factors.close();
  }
}

function close(files: number[]): void {
  for (const file of files.splice(0)) closeSync(file);
}

function put(file: number | undefined, bytes: Uint8Array, at: number): void {
  if (file === undefined) throw new Error('a tensor of no file');
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

function readme(base: string, adapter: string): string {
  const [model, factors] = [base, adapter].map((path) => JSON.stringify(basename(resolve(path))));
  return `# The adapter ${factors ?? ''} in the weights of ${model ?? ''}\n\nW + scale·B·A, by M-GRPO Lab; all else is the base's.\n`;
}
