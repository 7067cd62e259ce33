import type { ModelFolder } from '../../src/model/pretrained/folder.ts';

export type Files = Record<string, Uint8Array<ArrayBuffer>>;

/** A folder in memory, that counts what was read at once. */
export function inMemory(files: Files): ModelFolder & { most: number } {
  const folder = {
    called: 'The folder "memory"',
    most: 0,
    file: (name: string) => {
      const bytes = files[name];
      if (bytes === undefined) return Promise.resolve(null);
      return Promise.resolve({
        sizeBytes: bytes.length,
        read: (begin: number, end: number) => {
          folder.most = Math.max(folder.most, end - begin);
          return Promise.resolve(bytes.slice(begin, end));
        },
      });
    },
  };
  return folder;
}
