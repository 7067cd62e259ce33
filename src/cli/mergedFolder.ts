import {
  chmodSync,
  closeSync,
  copyFileSync,
  constants,
  existsSync,
  openSync,
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
    for (const name of [
      'config.json',
      ...weights,
      ...beside.filter((each) => existsSync(join(base, each))),
    ]) {
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
    for (const file of open.splice(0)) closeSync(file);
    parts.settle();
  } catch (cause) {
    throw parts.discard(cause);
  } finally {
    for (const file of open) closeSync(file);
    model.close();
    factors.close();
  }
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
