import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';

/** How often a lock's file is touched, and after how long untouched its writer is gone, where it can't be asked. */
const [touchedEvery, goneAfter] = [15_000, 120_000];

/** Of this process: nobody takes over from himself. */
const ours = new Set<string>();

/** A place that is this process's alone while it is touched. */
export interface Lock {
  /** Whether another process has taken it over: this one was stopped for so long that it was taken for gone. */
  readonly lost: () => boolean;
  readonly release: () => void;
}

/**
 * Makes a file exclusively that says who writes a place, and touches it from then on. One of a process that is gone is
 * taken over: on this machine the process is asked, of another machine (the folder may be shared) the file has not been
 * touched for two minutes, by the clock of the disk.
 * @returns the lock, or who has it: "process 12 of host"
 * @throws the system's error where the file can't be made
 */
export function takeLock(path: string): Lock | string {
  const own = `${process.pid} ${hostname()}`;
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, own);
      return held(path, file, own);
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw cause;
    }
    const [pid = '', host = ''] = textOf(path).split(' ');
    if (host === hostname()) {
      // In a container that was started anew, this process may have the number of the one before.
      const another = Number(pid) !== process.pid || ours.has(path);
      if (another && isAlive(Number(pid))) return `process ${pid} of ${host}`;
      rmSync(path, { force: true });
    } else if (!takeOver(path, own)) return `process ${pid} of ${host}`;
  }
}

/** Removes a lock that nobody touches any more. @returns false where somebody does, or another process is at it */
function takeOver(path: string, own: string): boolean {
  const [beside, turn] = [`${path}.${own.replaceAll(/[^\w.-]/g, '-')}`, `${path}.takeover`];
  writeFileSync(beside, own);
  // The disk's own clock: those of two machines may differ.
  const now = statSync(beside).mtimeMs;
  const untouched = (file: string): boolean => now - (mtimeOf(file) ?? -Infinity) > goneAfter;
  try {
    if (!untouched(path)) return false;
    if (untouched(turn)) rmSync(turn, { force: true });
    linkSync(beside, turn);
    // Between the look above and this turn another may have taken it.
    if (!untouched(path)) return false;
    renameSync(beside, path);
    rmSync(path, { force: true });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  } finally {
    if (mtimeOf(turn) !== null && textOf(turn) === own) rmSync(turn, { force: true });
    rmSync(beside, { force: true });
  }
}

function held(path: string, file: number, own: string): Lock {
  const { ino } = fstatSync(file);
  ours.add(path);
  const lost = (): boolean => {
    const there = statSync(path, { throwIfNoEntry: false });
    return there?.ino !== ino;
  };
  const touch = setInterval(() => {
    writeSync(file, own, 0);
  }, touchedEvery);
  // Whoever has nothing else to do may end.
  touch.unref();
  return {
    lost,
    release: () => {
      clearInterval(touch);
      ours.delete(path);
      closeSync(file);
      if (!lost()) rmSync(path, { force: true });
    },
  };
}

/** Null where there is no such file. */
function mtimeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/** Of a lock; that of nobody where it is gone again. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return `0 ${hostname()}`;
    throw cause;
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) !== 'ESRCH';
  }
}

export function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}
