import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { claim, Output, type OutputRules } from '../../src/cli/output.ts';

const root = mkdtempSync(join(tmpdir(), 'lab-output-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
const at = (name: string): string => join(folder, name);
const rules: OutputRules = { flag: '--out', force: false, read: [] };
const lock = (name: string): string => at(`.${name}.lock`);

function refusal(given: string, changes: Partial<OutputRules> = {}): string {
  try {
    new Output(given, { ...rules, ...changes }).close();
  } catch (error) {
    if (error instanceof LabError) return `${error.message}\n${error.remedy}`;
    throw error;
  }
  throw new Error('was claimed');
}

describe('an output', () => {
  it('is made with its first line, whole lines at a time', () => {
    const output = new Output(at('a.jsonl'), rules);
    expect(readdirSync(folder)).toEqual(['.a.jsonl.lock']);
    output.write('one\n');
    expect(readFileSync(at('a.jsonl'), 'utf8')).toBe('one\n');
    output.write('two\nthree\n');
    output.close();
    expect(readdirSync(folder)).toEqual(['a.jsonl']);
    expect(readFileSync(at('a.jsonl'), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('does not replace what is there, but with --force, and then with the first line only', () => {
    writeFileSync(at('a.jsonl'), 'precious\n');
    expect(refusal(at('a.jsonl'))).toMatch(/--out can't be ".*a\.jsonl": it is there already\.\n.*--force/);
    new Output(at('a.jsonl'), { ...rules, force: true }).close();
    expect(readFileSync(at('a.jsonl'), 'utf8')).toBe('precious\n');
    const output = new Output(at('a.jsonl'), { ...rules, force: true });
    output.write('new\n');
    output.close();
    expect(readFileSync(at('a.jsonl'), 'utf8')).toBe('new\n');
    expect(readdirSync(folder)).toEqual(['a.jsonl']);
  });

  it('does not replace what came there since it was claimed', () => {
    const output = new Output(at('a.jsonl'), rules);
    writeFileSync(at('a.jsonl'), 'precious\n');
    expect(() => {
      output.write('new\n');
    }).toThrow('file already exists');
    output.close();
    expect(readFileSync(at('a.jsonl'), 'utf8')).toBe('precious\n');
  });

  it('has one writer, under every name of the file', () => {
    mkdirSync(at('in'));
    symlinkSync(at('in'), at('same'));
    const output = new Output(at('in/a.jsonl'), rules);
    for (const name of ['in/a.jsonl', 'same/a.jsonl', 'in/../same/a.jsonl']) {
      expect(refusal(at(name), { force: true })).toContain(
        `process ${process.pid} of ${hostname()} writes it`,
      );
    }
    output.close();
    new Output(at('same/a.jsonl'), rules).close();
  });

  it('takes over the lock of a process that is gone, not that of another machine', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(lock('a.jsonl'), `${pid} ${hostname()}`);
    new Output(at('a.jsonl'), rules).close();
    expect(existsSync(lock('a.jsonl'))).toBe(false);
    writeFileSync(lock('a.jsonl'), `${pid} elsewhere.example`);
    expect(refusal(at('a.jsonl'))).toContain(`delete ${lock('a.jsonl')}`);
  });

  it('is not what the command reads, under no name and with no --force', () => {
    writeFileSync(at('prompts.jsonl'), 'mine\n');
    symlinkSync(at('prompts.jsonl'), at('link.jsonl'));
    linkSync(at('prompts.jsonl'), at('hard.jsonl'));
    mkdirSync(at('model'));
    for (const name of [
      'prompts.jsonl',
      'link.jsonl',
      'hard.jsonl',
      'model/new.jsonl',
      'model/../prompts.jsonl',
    ]) {
      const read = [at('prompts.jsonl'), at('model')];
      expect(refusal(at(name), { force: true, read }), name).toContain('this command reads it');
    }
    expect(readFileSync(at('prompts.jsonl'), 'utf8')).toBe('mine\n');
    // Not what merely begins alike.
    new Output(at('model.jsonl'), { ...rules, read: [at('model'), at('not there')] }).close();
  });

  it.each<[string, () => string, string]>([
    ['an empty name', () => '', 'a file has a name'],
    ['a folder', () => folder, 'it is a folder'],
    ['300 characters', () => at('n'.repeat(300)), 'name too long'],
    ['a folder that is not there', () => at('none/a.jsonl'), 'no such file or directory'],
    ['a file as a folder', () => join('package.json', 'a.jsonl'), 'not a directory'],
    ['a link to nothing', () => at('dangling'), 'no such file or directory'],
    ['NUL', () => at('a\0b'), 'null bytes'],
  ])('refuses %s at once', (_, given, words) => {
    symlinkSync(at('nothing'), at('dangling'));
    expect(refusal(given(), { force: true })).toContain(words);
    expect(readdirSync(folder)).toEqual(['dangling']);
  });

  it('a write that fails is one sentence, whatever it is', () => {
    const output = new Output('/dev/full', rules);
    expect(() => {
      output.write('one\n');
    }).toThrow(/^"\/dev\/full" can't be written further: no space left on device\./);
    output.close();
    expect(existsSync('/dev/.full.lock')).toBe(false);
  });

  it('a disk that is full leaves whole lines', () => {
    // A limit of 2 blocks of 1024 bytes on what a process writes into one file, met in the middle of a line.
    const runner = `
      import { createServer, createServerModuleRunner } from 'vite';
      const server = await createServer({ configFile: false, server: { middlewareMode: true, hmr: false, ws: false, watch: null } });
      const { Output } = await createServerModuleRunner(server.environments.ssr, { hmr: false }).import('/src/cli/output.ts');
      const output = new Output(${JSON.stringify(at('full.jsonl'))}, { flag: '--out', force: false, read: [] });
      try { for (;;) output.write('x'.repeat(99) + '\\n'); } catch (error) { console.log(error.message); }
      process.exit(0);`;
    const { stdout } = spawnSync(
      'sh',
      ['-c', 'ulimit -f 4; exec "$0" --input-type=module -e "$1"', process.execPath, runner],
      { encoding: 'utf8' },
    );
    expect(stdout).toContain('file too large. It ends with the last line that was whole.');
    const text = readFileSync(at('full.jsonl'), 'utf8');
    expect(text.length).toBeGreaterThan(1000);
    expect(text).toMatch(/^(x{99}\n)+$/);
  });

  it('a folder is claimed like a file', () => {
    mkdirSync(at('model'));
    const rule = { ...rules, force: true };
    const claimed = claim(at('model'), rule);
    expect(() => claim(at('model'), rule)).toThrow('writes it');
    claimed.release();
    expect(() => claim(at('model'), rules)).toThrow('there already');
  });
});
