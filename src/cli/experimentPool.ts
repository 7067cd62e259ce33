import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { statuses } from './exitStatus.ts';

/** How often a task that ended with "start it again" is started again, where nobody interrupted the pool. */
const mostStarts = 3;

/**
 * All tasks of an experiment on this machine, so many processes at once; their lines come out as they are.
 * @param words of the command line, without the number of jobs
 * @param interruption a status where the pool was told to end: then its tasks are told, too, and none is started
 * @returns 0 where all are done, else the status of the first that is not
 */
export async function runPool(
  tasks: number,
  jobs: number,
  words: readonly string[],
  interruption: () => number | null,
): Promise<number> {
  const running = new Set<ChildProcess>();
  const tell = setInterval(() => {
    if (interruption() !== null) for (const child of running) child.kill('SIGTERM');
  }, 100);
  let next = 0;
  let failed: number | null = null;
  const worker = async (): Promise<void> => {
    while (next < tasks && interruption() === null) {
      const index = next++;
      let status: number = statuses.again;
      for (
        let start = 0;
        start < mostStarts && status === statuses.again && interruption() === null;
        start++
      ) {
        status = await exitOf(startTask(index, words, running), running);
      }
      if (status !== statuses.done) failed ??= status;
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, tasks) }, worker));
  } finally {
    clearInterval(tell);
  }
  return interruption() ?? failed ?? statuses.done;
}

function startTask(index: number, words: readonly string[], running: Set<ChildProcess>): ChildProcess {
  const script = fileURLToPath(new URL('../../scripts/cli.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, 'experiment', ...words, '--index', String(index)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // Ctrl-C in a terminal reaches a whole group: then each would be told twice, which ends it at once.
    detached: true,
  });
  running.add(child);
  return child;
}

/** Its status; that of "start it again" where a signal ended it. */
function exitOf(child: ChildProcess, running: Set<ChildProcess>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      resolve(code ?? statuses.again);
    });
  });
}
