import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { adapterFiles } from '../asking/adapterRun.ts';
import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { adapterFileNames } from '../model/pretrained/adapter.ts';
import type { Checkpoint } from '../trainer/checkpoint.ts';
import { runFile, shapeOfKept } from './adapterRun.ts';
import { keepsRuns } from './keptTraining.ts';
import { replaceFiles } from './output.ts';

/** Whether what a folder keeps is of npm run lora. */
export function trainsAdapter(from: string): boolean {
  return existsSync(join(from, runFile));
}

/** @throws LabError `bad-setting` where a folder keeps no run of npm run lora */
export function checkKeepsAdapter(from: string): void {
  const refused = (why: string, remedy: string): LabError =>
    new LabError('bad-setting', `--format adapter can't be had of ${quotePath(from)}: ${why}.`, remedy);
  const remedy = 'Name a folder that npm run lora -- --checkpoints has made.';
  if (!keepsRuns(from)) {
    const is = existsSync(join(from, adapterFileNames.config));
    throw is
      ? refused('it is an adapter already, as PEFT reads it', 'Use it as it is, or copy the folder.')
      : refused('it keeps no run of npm run lora', remedy);
  }
  if (!trainsAdapter(from)) throw refused('its runs train no adapter', remedy);
}

/**
 * Writes an adapter of a kept run as npm run lora writes it, for PEFT.
 * @throws LabError `bad-file` where its base is gone or another one, or a file can't be written
 */
export async function writeAdapterFolder(
  out: string,
  from: string,
  { state }: Pick<Checkpoint, 'state'>,
  which: 'policy' | 'anchor',
): Promise<void> {
  const shape = await shapeOfKept(from, '--from');
  if (shape.layout.size !== state[which].length) {
    throw new LabError(
      'bad-file',
      `--from ${quotePath(from)} began with another --model: it has changed since.`,
      'Put back what was there.',
    );
  }
  replaceFiles(out, adapterFiles(shape, state[which]));
}
