import { constants, openSync, closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quotePath, saidBy } from '../lib/quote.ts';
import type { FolderFile, ModelFolder } from '../model/pretrained/folder.ts';

/**
 * A Hugging Face folder on a disk. Files stay open until the process ends or `close` is called, and are read in pieces.
 * @throws LabError `bad-file` where there is no such folder
 */
export function pretrainedFolder(path: string): ModelFolder & { readonly close: () => void } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) {
    throw new LabError(
      'bad-file',
      `${quotePath(path)} is no folder.`,
      'Give the path of a folder with config.json, tokenizer.json and *.safetensors.',
    );
  }
  const open: number[] = [];
  return {
    called: `The folder ${quotePath(path)}`,
    file: (name) => Promise.resolve(openFile(join(path, name), open)),
    close: () => {
      for (const file of open.splice(0)) closeSync(file);
    },
  };
}

function openFile(path: string, open: number[]): FolderFile | null {
  const refused = (why: string, cause?: unknown) =>
    new LabError(
      'bad-file',
      `${quotePath(path)} can't be read: ${why}.`,
      'Check that the download is complete.',
      cause,
    );
  let file: number;
  try {
    // Without waiting: whoever opens a pipe for reading waits for a writer. Some systems have no such flag.
    const { O_RDONLY, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
    file = openSync(path, (O_RDONLY ?? 0) | O_NONBLOCK);
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return null;
    throw refused(saidBy(cause), cause);
  }
  open.push(file);
  const stat = fstatSync(file);
  if (!stat.isFile()) throw refused('it is no regular file');
  return {
    sizeBytes: stat.size,
    read: (begin, end) => {
      const bytes = new Uint8Array(end - begin);
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(file, bytes, filled, bytes.length - filled, begin + filled);
        if (count === 0) throw refused(`it ends at byte ${String(begin + filled)}`);
        filled += count;
      }
      return Promise.resolve(bytes);
    },
  };
}
