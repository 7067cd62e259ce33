import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readRegularFile, readTextFile } from '../../src/cli/readInput.ts';
import { LabError } from '../../src/lib/labError.ts';

const folder = mkdtempSync(join(tmpdir(), 'input-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const rules = { mostBytes: 1000, remedy: 'Name another.' };
const inside = (name: string): string => join(folder, name);

function refusal(path: string, mostBytes = rules.mostBytes): LabError {
  try {
    readTextFile(path, { ...rules, mostBytes });
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error(`${path} was read`);
}

it('reads a regular file up to the limit, and not a byte beyond', () => {
  writeFileSync(inside('full'), 'x'.repeat(1000));
  writeFileSync(inside('over'), 'x'.repeat(1001));
  expect(readRegularFile(inside('full'), rules)).toHaveLength(1000);
  expect(refusal(inside('over')).message).toContain('it has 1001 bytes, and at most 1000 bytes are read');
  symlinkSync(inside('full'), inside('link'));
  expect(readTextFile(inside('link'), rules)).toHaveLength(1000);
  writeFileSync(inside('empty'), '');
  expect(readTextFile(inside('empty'), rules)).toBe('');
});

it('reads files that say nothing of their length, up to the limit', () => {
  const path = '/proc/self/maps';
  if (!existsSync(path)) return;
  expect(readTextFile(path, { ...rules, mostBytes: 1e7 })).toMatch(/\n/);
  expect(refusal(path, 10).message).toContain('at most 10 bytes are read');
});

it('a BOM and the line ends of any editor are no part of a text; other encodings are refused', () => {
  writeFileSync(inside('bom'), '\uFEFFa\r\nb\rc\n\uFEFFd');
  expect(readTextFile(inside('bom'), rules)).toBe('a\nb\nc\nd');
  writeFileSync(inside('utf16'), Buffer.from('\uFEFF{"a": 1}', 'utf16le'));
  expect(refusal(inside('utf16'))).toMatchObject({ remedy: 'Save it as UTF-8.' });
  writeFileSync(inside('latin'), Buffer.from('Gr\u00fc\u00dfe', 'latin1'));
  expect(refusal(inside('latin')).message).toContain('no text in UTF-8');
});

it('devices, pipes, folders and what is not there are refused at once, each with its reason', () => {
  execFileSync('mkfifo', [inside('pipe')]);
  symlinkSync(inside('circle'), inside('circle'));
  for (const [path, why] of [
    ['/dev/zero', 'a device or a pipe'],
    ['/dev/stdin', "can't be read"],
    [inside('pipe'), 'a device or a pipe'],
    [folder, 'it is a folder'],
    [inside('gone'), 'there is no such file'],
    [inside('circle'), 'links lead in a circle'],
    [inside('x'.repeat(300)), 'its name is too long'],
    ['a\0b', 'no name may hold'],
    ['', 'there is no such file'],
  ] as const) {
    const { code, message } = refusal(path);
    expect(code).toBe('bad-file');
    expect(message).toContain(why);
    expect(message.length).toBeLessThan(200);
    expect(message).not.toMatch(/\p{Cc}/u);
  }
});
