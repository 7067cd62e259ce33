import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Finished {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = process.cwd();

/** Starts a command as `npm run` does, its output gathered. @param cwd where it runs, the repository unless said */
export function start(args: readonly string[], cwd = root): { child: ChildProcess; done: Promise<Finished> } {
  const child = spawn(process.execPath, [join(root, 'scripts/cli.mjs'), ...args], {
    cwd,
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

/** One line of a run's file. */
export type RunRecord = Readonly<Record<string, unknown>> & { readonly type: 'header' | 'step' | 'summary' };

/** The records of a file of JSON lines; throws where a line is none. */
export function recordsOf(file: string): RunRecord[] {
  const text = readFileSync(file, 'utf8');
  if (!text.endsWith('\n')) throw new Error(`${file} ends within a line.`);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as RunRecord);
}

/** A run of a second or two. */
export const smallRun: readonly string[] = [
  ...['--steps', '3', '--prompts-per-step', '4', '--group-size', '8', '--seed', '7', '--warmup-steps', '0'],
  ...['--eval-every', '2', '--eval-prompts', '2', '--eval-majority-prompts', '1'],
  ...['--eval-majority-samples', '2'],
];
