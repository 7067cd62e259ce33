import { accessSync, closeSync, constants, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabError } from '../lib/labError.ts';
import type { MetricRow } from '../spec/metrics.ts';

/**
 * A file of JSON lines that begins with a header. It is made with its first record: a run that is refused before
 * it starts leaves no file behind.
 */
export class RecordFile {
  readonly #path: string | null;
  readonly #header: object;
  #file: number | null = null;

  /** @param path null writes nothing */
  constructor(path: string | null, header: object) {
    this.#path = path;
    this.#header = header;
  }

  write(record: object): void {
    if (this.#path === null) return;
    const path = this.#path;
    if (this.#file === null) {
      this.#file = refuseUnwritable(path, () => openSync(path, 'w'));
      writeSync(this.#file, line(this.#header));
    }
    writeSync(this.#file, line(record));
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }
}

/** Refuses early what could not be written after the first step. Throws LabError naming the file and why. */
export function checkWritable(path: string): void {
  refuseUnwritable(path, () => {
    accessSync(dirname(path), constants.W_OK);
  });
}

/** Without what was not measured: JSON has no NaN. */
export function measured(metrics: Partial<MetricRow>): Partial<MetricRow> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

function line(record: object): string {
  return `${JSON.stringify(record)}\n`;
}

function refuseUnwritable<Result>(path: string, attempt: () => Result): Result {
  try {
    return attempt();
  } catch (cause) {
    throw new LabError(
      'bad-file',
      `--out "${path}" can't be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Name a file in a folder that exists and that you may write to.',
      cause,
    );
  }
}
