/** A file that is read piece by piece: on a disk, dropped on the page, or in memory. */
export interface FolderFile {
  readonly sizeBytes: number;
  /** Bytes [begin, end), at the start of an array of their own. @throws LabError where they can't be read */
  readonly read: (begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A Hugging Face folder, wherever it lies. */
export interface ModelFolder {
  /** What a message calls it. */
  readonly called: string;
  /** Null where it has no such file. @throws LabError where it can't be opened */
  readonly file: (name: string) => Promise<FolderFile | null>;
}
