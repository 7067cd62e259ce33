import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock, type Lock } from '../../src/cli/lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-lock-'));
  path = join(folder, '.run.lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function taken(): Lock {
  const lock = takeLock(path);
  if (typeof lock === 'string') throw new Error(lock);
  return lock;
}

/** A lock of somebody else, touched so many seconds ago. */
function foreign(text: string, secondsAgo: number): void {
  writeFileSync(path, text);
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(path, then, then);
}

it('is one’s own until it is released, within a process too', () => {
  const lock = taken();
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid} ${hostname()}`);
  expect(takeLock(path)).toBe(`process ${process.pid} of ${hostname()}`);
  expect(lock.lost()).toBe(false);
  lock.release();
  expect(existsSync(path)).toBe(false);
  taken().release();
});

it('of a process of this machine that is gone is taken over at once, of one that lives never', () => {
  foreign(`${process.ppid} ${hostname()}`, 1000);
  expect(takeLock(path)).toBe(`process ${process.ppid} of ${hostname()}`);
  // No process has this number on a system of today.
  foreign(`4194305 ${hostname()}`, 0);
  taken().release();
  // In a container that was started anew: this very number, of a process before.
  foreign(`${process.pid} ${hostname()}`, 0);
  taken().release();
});

it('of another machine is taken over when nobody has touched it for two minutes', () => {
  foreign('12 elsewhere', 60);
  expect(takeLock(path)).toBe('process 12 of elsewhere');
  foreign('12 elsewhere', 130);
  taken().release();
  expect(readdirSync(folder)).toEqual([]);
});

it('is not taken over by two at once', () => {
  foreign('12 elsewhere', 130);
  writeFileSync(`${path}.takeover`, '34 third');
  expect(takeLock(path)).toBe('process 12 of elsewhere');
  const then = Date.now() / 1000 - 130;
  // Whoever was at it is gone as well.
  utimesSync(`${path}.takeover`, then, then);
  taken().release();
  expect(readdirSync(folder)).toEqual([]);
});

it('says when another has taken it over, and leaves that one’s alone', () => {
  const lock = taken();
  rmSync(path);
  writeFileSync(path, '12 elsewhere');
  expect(lock.lost()).toBe(true);
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('12 elsewhere');
});
