import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedRun } from '../../src/records/building.ts';
import { readRecord } from '../../src/records/read.ts';

export interface Finished {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = process.cwd();

/**
 * Starts a command as `npm run` does, its output gathered.
 * @param cwd where it runs, the repository unless said
 * @param env variables beside those of this process
 */
export function start(
  args: readonly string[],
  cwd = root,
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; done: Promise<Finished> } {
  const child = spawn(process.execPath, [join(root, 'scripts/cli.mjs'), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  return { child, done };
}

export function command(...args: readonly string[]): Promise<Finished> {
  return start(args).done;
}

/** The runs of a record; throws where it is none, or ends within a line. */
export function runsIn(file: string): readonly RecordedRun[] {
  const text = readFileSync(file, 'utf8');
  const { runs, truncated } = readRecord(text);
  if (truncated !== null || !text.endsWith('\n')) throw new Error(`${file} ends within a line.`);
  return runs;
}

/** What must be the same in another process: rows, changes and summary, without times. */
export function timeless({ rows, changes, summary }: RecordedRun): object {
  return {
    rows: rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([id]) => !id.startsWith('perf/'))),
    ),
    changes,
    summary: summary === null ? null : { ...summary, seconds: 0 },
  };
}

/** A run of a second or two, at three steps. */
export function smallRunOf(steps: number): readonly string[] {
  return [
    ...['--steps', String(steps), '--prompts-per-step', '4', '--group-size', '8', '--seed', '7'],
    ...['--warmup-steps', '0', '--eval-every', '2', '--eval-prompts', '2'],
    ...['--eval-majority-prompts', '1', '--eval-majority-samples', '2'],
  ];
}
export const smallRun = smallRunOf(3);
