/**
 * A folder of files in which a run is kept: of a disk, or of the browser's own file system. Each call resolves when
 * what it did would survive the loss of power; what `append` added does a second later at most, and before anything that
 * is called after it. Nothing is promised of a call that was cut off: a file may be half written, and what reads it relies
 * on checksums alone.
 */
export interface Folder {
  /** Names of its files. */
  names(): Promise<readonly string[]>;
  /** @returns null where there is no such file */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Bytes of a file; 0 where there is none. */
  size(name: string): Promise<number>;
  /** Makes a file, or replaces what it holds. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end of a file, which is made where there is none. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Cuts a file. @param bytes what is left of it, at most as many as it has */
  truncate(name: string, bytes: number): Promise<void>;
  /** Removes a file, where there is one. */
  remove(name: string): Promise<void>;
}
