import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './ensure.mjs';
import { ensureChromium } from './ensureChromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = mkdtempSync(join(tmpdir(), 'lab-tests-'));
let passed = 0;
let failed = 0;
/** How many tests were left out, by reason. */
const skipped = {};

/** Runs a package's script with this Node: the same on every system, without a shell. */
function node(script, args, env = process.env) {
  const { status } = spawnSync(process.execPath, [join('node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  return status === 0;
}

function vitest(project) {
  const file = join(results, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=./scripts/tally.mjs'];
  const success = node('vitest/vitest.mjs', args, { ...process.env, LAB_TALLY: file });
  try {
    const tally = JSON.parse(readFileSync(file, 'utf8'));
    passed += tally.passed;
    failed += tally.failed;
    for (const [reason, count] of Object.entries(tally.skipped)) {
      skipped[reason] = (skipped[reason] ?? 0) + count;
    }
  } catch {
    // No report: Vitest itself failed, and has said why.
  }
  return success;
}

/** Of vulnerabilities more become known by the day, whatever is changed here: CI looks, and no one who works offline waits. */
function audit() {
  if ((process.env.CI ?? '') !== '') return node('../scripts/audit.mjs', []);
  console.log('Not in CI: nothing was audited. `npm run audit` does it.');
  return true;
}

/** In the order in which they run: quick before slow. */
const stages = {
  format: () => node('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']),
  types: () => node('typescript/bin/tsc', ['--noEmit']),
  lint: () => node('eslint/bin/eslint.js', ['.', '--max-warnings', '0']),
  house: () => vitest('house'),
  unit: () => vitest('unit'),
  gpu: () => vitest('gpu'),
  invariants: () => vitest('invariants'),
  build: () => node('vite/bin/vite.js', ['build', '--logLevel', 'warn']),
  browser: () => vitest('browser'),
  audit,
};
/** These run in Chromium, or on the software GPU that it brings along. */
const needChromium = new Set(['gpu', 'invariants', 'browser']);

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in stages));
if (unknown !== undefined) {
  console.error(`There is no stage "${unknown}".\nStages: ${Object.keys(stages).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(stages).filter(([name]) => wanted.length === 0 || wanted.includes(name));

ensureDependencies();
if (chosen.some(([name]) => needChromium.has(name))) process.env.CHROMIUM_PATH = ensureChromium();

let stopped = false;
for (const [name, run] of chosen) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const success = run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`── ${name}: ${success ? 'ok' : 'failed'} after ${seconds} s`);
  if (success) continue;
  stopped = true;
  break;
}
rmSync(results, { recursive: true, force: true });

const leftOut = Object.values(skipped).reduce((sum, count) => sum + count, 0);
console.log('');
for (const [reason, count] of Object.entries(skipped)) console.log(`${count} skipped: ${reason}`);
if (leftOut > 0) console.log('');
// A stage that fails without a failed test, as the linter does, counts as one.
const counts = [`${passed} passed`, `${stopped ? Math.max(1, failed) : 0} failed`];
console.log([...counts, ...(leftOut > 0 ? [`${leftOut} skipped`] : [])].join(', '));
process.exitCode = stopped ? 1 : 0;
