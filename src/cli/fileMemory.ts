import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Memory } from '../spec/memory.ts';
import { readTextFile } from './readInput.ts';
import { versions } from './versions.ts';

const folder = join('node_modules', '.cache');
const file = join(folder, 'm-grpo-lab.json');

/** A file beside the packages, gone with them; a new Dawn or lab begins a new memory. */
export const fileMemory: Memory = {
  read(key) {
    return Promise.resolve(all()[ofThisBuild(key)] ?? null);
  },
  write(key, value) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify({ ...all(), [ofThisBuild(key)]: value }));
    return Promise.resolve();
  },
};

function ofThisBuild(key: string): string {
  const { dawn, lab } = versions();
  return JSON.stringify([dawn, lab, key]);
}

function all(): Record<string, string> {
  try {
    const known: unknown = JSON.parse(readTextFile(file, { mostBytes: 2 ** 24, remedy: 'Delete it.' }));
    if (typeof known !== 'object' || known === null) return {};
    return Object.fromEntries(
      Object.entries(known).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    // Nothing remembered, or not readable: then it is found out again.
    return {};
  }
}
