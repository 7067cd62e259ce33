import type { Folder } from './folder.ts';

/** What a worker has of a file of the browser's own file system; the types of pages lack it. */
interface SyncAccessHandle {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface SyncFile {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

/**
 * A folder of the browser's own file system, in a worker. A file is open within a call and no longer: a page that is
 * frozen, put away or killed between two calls holds nothing that another would wait for.
 */
export class OpfsFolder implements Folder {
  readonly #directory: FileSystemDirectoryHandle;

  constructor(directory: FileSystemDirectoryHandle) {
    this.#directory = directory;
  }

  async names(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of this.#directory.keys()) names.push(name);
    return names;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const file = await (await this.#directory.getFileHandle(name)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async size(name: string): Promise<number> {
    try {
      return (await (await this.#directory.getFileHandle(name)).getFile()).size;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#open(name, (file) => {
      file.truncate(0);
      put(file, bytes, 0);
    });
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.#open(name, (file) => {
      put(file, bytes, file.getSize());
    });
  }

  truncate(name: string, bytes: number): Promise<void> {
    return this.#open(name, (file) => {
      file.truncate(bytes);
    });
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#directory.removeEntry(name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #open(name: string, use: (file: SyncAccessHandle) => void): Promise<void> {
    const handle = await this.#directory.getFileHandle(name, { create: true });
    const file = await (handle as FileSystemFileHandle & SyncFile).createSyncAccessHandle();
    try {
      use(file);
      file.flush();
    } finally {
      file.close();
    }
  }
}

function put(file: SyncAccessHandle, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    const written = file.write(bytes.subarray(done), { at: at + done });
    // A full disk may take nothing without a word.
    if (written === 0) throw new DOMException('No bytes were written.', 'QuotaExceededError');
    done += written;
  }
}

/** Whether what failed was looking for something that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}
