import { parseJson, smallJson } from '../../lib/boundedJson.ts';
import { LabError } from '../../lib/labError.ts';
import { saidBy } from '../../lib/quote.ts';
import { refusal } from '../import/log.ts';
import { unpacked } from '../import/open.ts';
import { refuseLarge } from '../import/parse.ts';
import { type Completion, completionOf } from './completion.ts';

/** What a file may hold. */
export const completionLimits = { rows: 200_000, bytes: 200e6 } as const;

const remedy =
  'Give what TRL’s log_completions or verl’s rollout_data_dir wrote, or JSON lines with step, prompt and completion.';

/**
 * The completions in a file: a Parquet file of TRL's `log_completions`, JSON lines of verl's `rollout_data_dir`, or
 * any with a step, a prompt and a completion; or one of these in a gzip. Null where it is none of them.
 * @throws LabError `bad-file` for one that is, and can't be read
 */
export async function openCompletions(
  contents: Uint8Array<ArrayBuffer>,
): Promise<readonly Completion[] | null> {
  refuseLarge(contents.length);
  const bytes = begins(contents, '\x1f\x8b') ? await unpacked(contents) : contents;
  if (begins(bytes, 'PAR1')) return readParquet(bytes);
  return begins(bytes, '{') ? readLines(bytes) : null;
}

function begins(bytes: Uint8Array, characters: string): boolean {
  return Array.from(characters).every((character, at) => bytes[at] === character.charCodeAt(0));
}

async function readParquet(bytes: Uint8Array<ArrayBuffer>): Promise<readonly Completion[]> {
  const { parquetMetadata, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const file = bytes.slice().buffer;
  const rows: Record<string, unknown>[] = [];
  try {
    const metadata = parquetMetadata(file);
    const { row_groups: groups } = metadata;
    refuseMany(Math.max(...groups.map((group) => Number(group.num_rows)), Number(metadata.num_rows)));
    const unpacked = groups
      .flatMap(({ columns }) => columns)
      .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
    if (!(unpacked <= completionLimits.bytes)) {
      throw refusal(`The file unpacks to ${(unpacked / 1e6).toFixed(0)} MB.`, 'Log fewer completions.');
    }
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    for (const name of names) {
      // One by one: of several that fail at once, the library leaves all but the first unhandled.
      const column = await parquetReadObjects({ file, metadata, columns: [name] });
      column.forEach((cell, row) => {
        const value: unknown = cell[name];
        rows[row] = { ...rows[row], [name]: typeof value === 'bigint' ? Number(value) : value };
      });
    }
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw refusal(
      `The Parquet file can’t be read: ${saidBy(error)}.`,
      'Copy it once more; it may be cut.',
      error,
    );
  }
  return rows.map((row, index) => {
    const completion = completionOf(row);
    if (completion !== null) return completion;
    const names = Object.keys(row).slice(0, 8).join(', ');
    throw refusal(`Row ${index + 1} of the Parquet file is no completion; it has ${names}.`, remedy);
  });
}

/** Enough of a file to tell whether its lines are completions. */
const head = 2 ** 20;

function readLines(bytes: Uint8Array): readonly Completion[] | null {
  const decoder = new TextDecoder();
  const beginning = decoder.decode(bytes.subarray(0, head));
  if (!areCompletions(beginning)) return null;
  const lines = new CompletionLines();
  lines.add(bytes.length <= head ? beginning : decoder.decode(bytes));
  return lines.rows;
}

/** Whether a text begins with a line that is a completion. */
export function areCompletions(text: string): boolean {
  const parsed = attempt(text.split('\n', 1)[0] ?? '');
  return parsed !== null && completionOf(parsed) !== null;
}

/** The completions of a file with one in each line, as far as it was read: more lines can be added. */
export class CompletionLines {
  readonly #rows: Completion[] = [];
  #line = 0;

  get rows(): readonly Completion[] {
    return this.#rows;
  }

  /**
   * Adds the lines of a text, each of them whole but for the last.
   * @returns whether the last one is cut off: then it is not read, and can be added once more when it is whole
   * @throws LabError where a line is no completion
   */
  add(text: string): boolean {
    for (let at = 0; at < text.length;) {
      const end = text.indexOf('\n', at);
      const content = text.slice(at, end < 0 ? text.length : end).trim();
      at = end < 0 ? text.length : end + 1;
      const record = content === '' ? null : attempt(content);
      // The trainer is writing it.
      if (content !== '' && record === null && end < 0) return true;
      if (content !== '') this.#add(this.#line + 1, record);
      if (end >= 0) this.#line++;
    }
    return false;
  }

  #add(line: number, record: Record<string, unknown> | null): void {
    const completion = record === null ? null : completionOf(record);
    if (completion === null) {
      throw refusal(`Line ${line} is no completion with step, prompt and completion.`, remedy);
    }
    this.#rows.push(completion);
    refuseMany(this.#rows.length);
  }
}

function refuseMany(rows: number): void {
  if (rows <= completionLimits.rows) return;
  throw refusal(
    `The file holds ${rows} completions; at most ${completionLimits.rows} are read.`,
    'Keep those of every tenth step.',
  );
}

function attempt(text: string): Record<string, unknown> | null {
  try {
    const json = parseJson(text, smallJson, { python: true });
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
