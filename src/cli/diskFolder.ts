import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../lib/labError.ts';
import { quotePath, saidBy } from '../lib/quote.ts';
import type { Folder } from '../storage/folder.ts';

/** What was added waits so long at most before it would survive the loss of power. */
const syncMs = 1000;

/**
 * A folder of the disk, which is there already. What is added to a file is handed to the system at once, and survives
 * the end of this process whatever ends it; it is flushed to the disk within a second, and before anything else is
 * written, cut or removed. A flush of each row would take longer than its step.
 */
export class DiskFolder implements Folder {
  readonly #path: string;
  /** Files that were added to since they were flushed. */
  readonly #added = new Set<string>();
  #syncing: ReturnType<typeof setTimeout> | undefined;
  /** Why a flush failed, for the next call to say. */
  #failed: Error | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  names(): Promise<readonly string[]> {
    return settled(() => readdirSync(this.#path));
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return settled(() => {
      if (!existsSync(this.#place(name))) return null;
      try {
        return new Uint8Array(readFileSync(this.#place(name)));
      } catch (cause) {
        throw new LabError(
          'bad-file',
          `${quotePath(this.#place(name))} can't be read: ${saidBy(cause)}.`,
          'Try once more. A checkpoint that stays so can be removed: the run then goes on from the one before.',
          cause,
        );
      }
    });
  }

  size(name: string): Promise<number> {
    return settled(() => statSync(this.#place(name), { throwIfNoEntry: false })?.size ?? 0);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return settled(() => {
      this.#flush();
      // Under another name until it is whole: a process that is killed meanwhile leaves no half of it.
      const part = `${name}.part`;
      try {
        this.#put(part, 'w', bytes, true);
        renameSync(this.#place(part), this.#place(name));
      } catch (error) {
        rmSync(this.#place(part), { force: true });
        throw error;
      }
      this.#sync();
    });
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return settled(() => {
      if (this.#failed !== null) throw this.#failed;
      const isNew = !existsSync(this.#place(name));
      this.#put(name, 'a', bytes, isNew);
      if (isNew) this.#sync();
      else this.#soon(name);
    });
  }

  truncate(name: string, bytes: number): Promise<void> {
    return settled(() => {
      this.#flush();
      truncateSync(this.#place(name), bytes);
    });
  }

  remove(name: string): Promise<void> {
    return settled(() => {
      this.#flush();
      rmSync(this.#place(name), { force: true });
    });
  }

  #place(name: string): string {
    return join(this.#path, name);
  }

  #put(name: string, how: 'w' | 'a', bytes: Uint8Array, lasts: boolean): void {
    const file = openSync(this.#place(name), how);
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(file, bytes, done);
      if (lasts) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  #soon(name: string): void {
    this.#added.add(name);
    this.#syncing ??= setTimeout(() => {
      try {
        this.#flush();
      } catch (error) {
        this.#failed = error instanceof Error ? error : new Error(String(error));
      }
    }, syncMs);
  }

  /** Makes what was added last. */
  #flush(): void {
    if (this.#failed !== null) throw this.#failed;
    clearTimeout(this.#syncing);
    this.#syncing = undefined;
    for (const name of this.#added) {
      this.#added.delete(name);
      const file = openSync(this.#place(name), 'r+');
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }
  }

  /** Makes the names of new files last. Windows can't, and needs not. */
  #sync(): void {
    if (process.platform === 'win32') return;
    const folder = openSync(this.#path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** What a call without waiting gives, or its refusal. */
function settled<T>(what: () => T): Promise<T> {
  return Promise.resolve().then(what);
}
