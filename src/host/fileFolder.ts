import { LabError } from '../lib/labError.ts';
import { quote, saidBy } from '../lib/quote.ts';
import type { FolderFile, ModelFolder } from '../model/pretrained/folder.ts';

/** A folder of files that were dropped on the page or picked, read in pieces. @param name of the folder */
export function fileFolder(name: string, files: readonly File[]): ModelFolder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return {
    called: `The folder ${quote(name)}`,
    file: (wanted) => {
      const file = byName.get(wanted);
      return Promise.resolve(file === undefined ? null : folderFile(file));
    },
  };
}

function folderFile(file: File): FolderFile {
  return {
    sizeBytes: file.size,
    read: async (begin, end) => {
      const bytes = await file
        .slice(begin, end)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw refused(file.name, saidBy(cause), cause);
        });
      if (bytes.byteLength < end - begin) {
        throw refused(file.name, `it ends at byte ${String(begin + bytes.byteLength)}`);
      }
      return new Uint8Array(bytes);
    },
  };
}

function refused(name: string, why: string, cause?: unknown): LabError {
  return new LabError(
    'bad-file',
    `${quote(name)} can't be read: ${why}.`,
    'Check that the download is complete, and give the folder once more.',
    cause,
  );
}
