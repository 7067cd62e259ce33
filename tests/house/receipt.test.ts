import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureBuilt, receiptOf } from '../../build/receipt.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lab-receipt-'));
  const inputs = ['bench/page', 'bench.html', 'build', 'index.html', 'package.json', 'package-lock.json'];
  for (const name of [...inputs, 'shaders', 'src', 'vite.config.ts']) {
    cpSync(name, join(root, name), { recursive: true });
  }
  mkdirSync(join(root, 'public'));
  mkdirSync(join(root, 'dist'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Whether the tree is to be built: a build that fails tells. */
const isToBeBuilt = (): boolean => !ensureBuilt(root, () => false);

it('a page is built where its receipt is missing or a file has changed, and not otherwise', () => {
  expect(isToBeBuilt()).toBe(true);
  const receipt = receiptOf(root);
  const write = (): void => {
    writeFileSync(join(root, 'dist/build.json'), receipt);
  };
  write();
  expect(isToBeBuilt()).toBe(false);

  const added = join(root, 'public/added.json');
  writeFileSync(added, '{}');
  expect(isToBeBuilt()).toBe(true);
  rmSync(added);
  write();
  expect(isToBeBuilt()).toBe(false);

  writeFileSync(join(root, 'index.html'), '<title>Another</title>');
  expect(isToBeBuilt()).toBe(true);
});
