import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Folder } from '../storage/folder.ts';

/** A folder of the disk, which is there already. */
export class DiskFolder implements Folder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  names(): Promise<readonly string[]> {
    return settled(() => readdirSync(this.#path));
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return settled(() =>
      existsSync(this.#place(name)) ? new Uint8Array(readFileSync(this.#place(name))) : null,
    );
  }

  size(name: string): Promise<number> {
    return settled(() => statSync(this.#place(name), { throwIfNoEntry: false })?.size ?? 0);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return settled(() => {
      this.#put(name, 'w', bytes);
      this.#sync();
    });
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return settled(() => {
      const isNew = !existsSync(this.#place(name));
      this.#put(name, 'a', bytes);
      if (isNew) this.#sync();
    });
  }

  truncate(name: string, bytes: number): Promise<void> {
    return settled(() => {
      truncateSync(this.#place(name), bytes);
    });
  }

  remove(name: string): Promise<void> {
    return settled(() => {
      rmSync(this.#place(name), { force: true });
    });
  }

  #place(name: string): string {
    return join(this.#path, name);
  }

  #put(name: string, how: 'w' | 'a', bytes: Uint8Array): void {
    const file = openSync(this.#place(name), how);
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
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
