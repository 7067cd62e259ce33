import { LabError } from '../lib/labError.ts';
import { quotePath } from '../lib/quote.ts';
import { readRecord, type RecordFile } from '../records/read.ts';
import { readRegularFile } from './readInput.ts';

/** A record of four runs of 10,000 steps has some 60 MB. */
const mostBytes = 256 * 2 ** 20;

/** Reads a file's records. @throws LabError naming the file, and the line where it is one's fault */
export function readRecordFile(path: string): RecordFile {
  const remedy = 'Name a file written by npm run train -- --out, or exported from the page.';
  // A file that is cut may end within a character, which is no reason to refuse the lines before.
  const text = new TextDecoder().decode(readRegularFile(path, { mostBytes, remedy }));
  try {
    return readRecord(text);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.code, `${quotePath(path)}: ${error.message}`, error.remedy, error);
  }
}
