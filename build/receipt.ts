import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { thisLab } from './thisLab.ts';

/** All that a build of the page is made of. */
const inputs = [
  'bench/page',
  'bench.html',
  'build',
  'index.html',
  'package-lock.json',
  'public',
  'shaders',
  'src',
  'vite.config.ts',
];

/** The file of a build that says what it was built of. */
const receiptFile = 'build.json';

/**
 * What a build of a tree is of: version, commit, and a digest (SHA-256) of names and contents. Contents decide, not
 * file times: a checkout changes those.
 */
export function receiptOf(root: string): string {
  const hash = createHash('sha256');
  const add = (name: string): void => {
    const place = join(root, name);
    if (statSync(place).isDirectory()) {
      for (const entry of readdirSync(place).sort()) add(`${name}/${entry}`);
      return;
    }
    const content = readFileSync(place);
    hash.update(`${name}\0${String(content.length)}\0`).update(content);
  };
  for (const name of inputs) add(name);
  return `${JSON.stringify({ ...thisLab(root), inputs: hash.digest('hex') }, null, 2)}\n`;
}

/**
 * Builds the page of a tree into its dist/, where what lies there is not a whole build of the tree as it is now.
 * @returns whether it is one now; what failed is on stderr
 */
export function ensureBuilt(root: string, build: (root: string) => boolean = viteBuild): boolean {
  const file = join(root, 'dist', receiptFile);
  return (existsSync(file) && readFileSync(file, 'utf8') === receiptOf(root)) || build(root);
}

function viteBuild(root: string): boolean {
  console.error('Building the page …');
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'],
    // NODE_ENV of whoever asks, a test runner say, would make it a page for developers.
    { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: 'production' } },
  );
  return status === 0;
}

/** Writes the receipt of a build once all its other files are there; none stands beside half a build. */
export function buildReceipt(root: string): Plugin {
  let receipt = '';
  return {
    name: 'build-receipt',
    apply: 'build',
    buildStart() {
      receipt = receiptOf(root);
    },
    renderStart({ dir }) {
      rmSync(join(dir ?? '', receiptFile), { force: true });
    },
    writeBundle({ dir }) {
      writeFileSync(join(dir ?? '', receiptFile), receipt);
    },
  };
}
