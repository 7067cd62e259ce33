import type { Folder } from '../../src/storage/folder.ts';

/** Power goes off. */
export class Killed extends Error {}

/**
 * A folder in memory in which power may fail within any call: a write then leaves a part of itself behind, any other
 * call is done or not.
 */
export class MemoryFolder implements Folder {
  readonly files: Map<string, Uint8Array<ArrayBuffer>>;
  /** Calls that change something, so far. */
  calls = 0;
  /** Calls that look, so far. */
  looks = 0;
  /** The one of these that the system refuses. */
  refusedLook: number | null = null;
  /** The call that is cut off, and what share of it is done, in [0, 1]. */
  killAt: { readonly call: number; readonly share: number } | null = null;

  constructor(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map()) {
    this.files = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
  }

  names(): Promise<readonly string[]> {
    return this.#look(() => [...this.files.keys()]);
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#look(() => this.files.get(name)?.slice() ?? null);
  }

  size(name: string): Promise<number> {
    return this.#look(() => this.files.get(name)?.length ?? 0);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#do((share) => {
      this.files.set(name, new Uint8Array(bytes.subarray(0, Math.floor(share * bytes.length))));
    });
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.#do((share) => {
      const before = this.files.get(name) ?? new Uint8Array();
      const added = bytes.subarray(0, Math.floor(share * bytes.length));
      const whole = new Uint8Array(before.length + added.length);
      whole.set(before);
      whole.set(added, before.length);
      this.files.set(name, whole);
    });
  }

  truncate(name: string, bytes: number): Promise<void> {
    return this.#do((share) => {
      if (share >= 0.5) this.files.set(name, (this.files.get(name) ?? new Uint8Array()).slice(0, bytes));
    });
  }

  remove(name: string): Promise<void> {
    return this.#do((share) => {
      if (share >= 0.5) this.files.delete(name);
    });
  }

  #look<Seen>(what: () => Seen): Promise<Seen> {
    return this.looks++ === this.refusedLook
      ? Promise.reject(new Killed('it can’t be read'))
      : Promise.resolve(what());
  }

  #do(what: (share: number) => void): Promise<void> {
    const call = this.calls++;
    if (this.killAt === null || call < this.killAt.call) what(1);
    else {
      if (call === this.killAt.call) what(this.killAt.share);
      return Promise.reject(new Killed());
    }
    return Promise.resolve();
  }
}
