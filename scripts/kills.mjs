import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';

// Whether a run survives SIGKILL at any moment: two lanes, one whose guard goes back, are trained, killed, resumed and
// killed again until they have ended; then their record must be that of a run which nothing disturbed, timings aside, and
// nothing may have been said of damage or of other bits. Exit code 1 where one was lost.
// Usage: npm run kills -- [<kills, 100>] [--jobs <processes at a time, 1>] [--seed 1] [--minutes <at most>]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
  },
});
const wanted = Number(positionals[0] ?? '100');
const jobs = Math.min(Number(values.jobs), availableParallelism());
const deadline = Date.now() + 60_000 * Number(values.minutes);

/** A guard that acts early and often, evaluations, checkpoints every third step. */
const settings = JSON.parse(
  readFileSync(new URL('../tests/fixtures/guardedRun.json', import.meta.url), 'utf8'),
);
/** Kills of one run: enough that all of them end. */
const mostKillsOfOne = 6;

ensureDependencies();
const root = fileURLToPath(new URL('..', import.meta.url));
const { runnerImport } = await import('vite');
const { module: records } = await runnerImport(`${root}src/records/read.ts`, { configFile: false });
const folder = mkdtempSync(join(tmpdir(), 'lab-kills-'));

/** A number in [0, 1), the same for the same words and seed. */
function chance(...words) {
  const digest = createHash('sha256')
    .update([values.seed, ...words].join())
    .digest();
  return digest.readUInt32LE() / 2 ** 32;
}

function start(args) {
  const child = spawn(process.execPath, [join(root, 'scripts/cli.mjs'), 'train', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const done = new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
  return { child, done };
}

/** What must come out the same: all but times. */
function timeless(file) {
  const { runs } = records.readRecord(readFileSync(file, 'utf8'));
  return JSON.stringify(
    runs.map(({ rows, summary, ...run }) => ({
      ...run,
      // A set, and no part of what came out.
      known: null,
      rows: rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([id]) => !id.startsWith('perf/'))),
      ),
      summary: { ...summary, seconds: 0 },
    })),
  );
}

const sizeOf = (file) => (existsSync(file) ? statSync(file).size : 0);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const began = Date.now();
const whole = join(folder, 'undisturbed', 'record.jsonl');
const first = start([...settings, '--checkpoints', join(folder, 'undisturbed')]);
while (first.child.exitCode === null && sizeOf(whole) === 0) await pause(2);
const trainsAt = Date.now();
const { code, stderr } = await first.done;
if (code !== 0) {
  console.error(`The run that nothing disturbs ended with ${String(code)}.\n${stderr}`);
  process.exit(1);
}
const expected = timeless(whole);
const [wholeMs, trainMs] = [Date.now() - began, Date.now() - trainsAt];
console.log(`Undisturbed it takes ${String(wholeMs)} ms, ${String(trainMs)} of them from its first row on.`);

const tally = { kills: 0, runs: 0, before: 0, again: 0, lost: [] };

/** One run, killed some times at random moments, and what came of it. */
async function oneRun(number) {
  const path = join(folder, `run-${String(number)}`);
  const record = join(path, 'record.jsonl');
  let said = '';
  for (let kill = 0; ; kill++) {
    const args = existsSync(join(path, 'lanes.json'))
      ? ['--resume', path]
      : [...settings, '--checkpoints', path];
    // Killed before anything of it was written, a folder is begun once more.
    if (args[0] !== '--resume') rmSync(path, { recursive: true, force: true });
    const before = sizeOf(record);
    const { child, done } = start(args);
    const more = kill < mostKillsOfOne && tally.kills < wanted && Date.now() < deadline;
    if (more) {
      // A quarter at any moment since the start; the others while it trains and writes.
      const anywhere = chance(number, kill, 'where') < 0.25;
      while (!anywhere && child.exitCode === null && sizeOf(record) === before) await pause(2);
      const share = chance(number, kill, 'when');
      await Promise.race([done, pause(share * (anywhere ? wholeMs : trainMs))]);
    }
    if (more && child.exitCode === null) {
      child.kill('SIGKILL');
      tally.kills++;
      if (sizeOf(record) === 0) tally.before++;
    }
    const ended = await done;
    said += ended.stderr;
    if (/came out once more as before/.test(ended.stderr)) tally.again++;
    if (ended.code !== null && ended.code !== 0) {
      tally.lost.push(`run ${String(number)}: ended with ${String(ended.code)}: ${ended.stderr.trim()}`);
      return;
    }
    if (ended.code === 0) break;
  }
  tally.runs++;
  if (/differs|damaged|had been trained/.test(said)) tally.lost.push(`run ${String(number)}: ${said.trim()}`);
  else if (timeless(record) !== expected) tally.lost.push(`run ${String(number)}: its record is another one`);
  rmSync(path, { recursive: true, force: true });
}

let next = 0;
await Promise.all(
  Array.from({ length: jobs }, async () => {
    while (tally.kills < wanted && Date.now() < deadline) await oneRun(next++);
  }),
);
rmSync(folder, { recursive: true, force: true });
for (const line of tally.lost) console.error(line);
console.log(
  `${String(tally.kills)} kills of ${String(tally.runs)} runs, ${String(tally.before)} of them before anything was written; ` +
    `${String(tally.again)} times steps came out once more, bit for bit; ${String(tally.lost.length)} lost. ` +
    `${String(Math.round((Date.now() - began) / 1000))} s.`,
);
process.exit(tally.lost.length === 0 ? 0 : 1);
