import type { Log } from '../diagnostics/log/log.ts';
import { parseLog, refuseLarge } from '../diagnostics/log/parse.ts';
import { LabError } from '../lib/labError.ts';

/** What became of a file: its runs, or why it was refused. */
export type ReadLog =
  | { readonly logs: readonly Log[] }
  | { readonly refused: { readonly sentence: string; readonly remedy: string } };

// The script of a worker: 50 MB of JSON would hold up the page, and what trains behind it.
self.onmessage = ({ data }: MessageEvent<File>) => {
  void read(data).then((answer) => {
    self.postMessage(answer);
  });
};

async function read(file: File): Promise<ReadLog> {
  try {
    refuseLarge(file.size);
    return { logs: parseLog(file.name, await file.text()) };
  } catch (error) {
    if (error instanceof LabError) return { refused: { sentence: error.message, remedy: error.remedy } };
    const words = error instanceof Error ? error.message : String(error);
    return { refused: { sentence: `The file can’t be read: ${words}.`, remedy: 'Drop it once more.' } };
  }
}
