import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';
import { ensureChromium } from './ensureChromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

/** A test imports what it tests: those of a room are those that import from it. */
function testsOf(room, { project, but = [] }) {
  const files = readdirSync(`tests/${project}`).filter((file) => /\.test\.tsx?$/.test(file));
  return files
    .filter((file) => !but.includes(file.split('.')[0]))
    .map((file) => `tests/${project}/${file}`)
    .filter((file) => readFileSync(file, 'utf8').includes(`/src/${room}/`));
}

/** What is mutated, by room, and the group of tests that it is held against. */
const rooms = {
  rl: { mutate: 'src/rl/**/*.ts', project: 'unit' },
  algorithms: { mutate: 'src/algorithms/**/*.ts', project: 'unit' },
  // Those left out use a rule or two in passing, and import half the page or read every recorded run.
  diagnostics: {
    mutate: 'src/diagnostics/**/*.ts',
    project: 'unit',
    but: ['customTask', 'earlyWarningReport', 'guide', 'log'],
  },
  // Those left out draw the page, or read whole records: they use a preset or two in passing.
  settings: {
    mutate: 'src/settings/**/*.ts',
    project: 'unit',
    but: ['experiments', 'guide', 'recorded', 'records', 'sheet', 'store', 'tour', 'ui', 'watch'],
  },
  tasks: { mutate: 'src/tasks/**/*.ts', project: 'unit' },
  // Those left out train, keep and compare whole runs, or read thousands of spoilt files: seconds for each mutant.
  records: {
    mutate: 'src/records/**/*.ts',
    project: 'unit',
    but: ['experiments', 'keeper', 'keptList', 'logFuzz', 'store', 'story'],
  },
  // Steps against the oracle and along committed trajectories; the other tests of the room train nothing.
  trainer: { mutate: 'src/trainer/trainer.ts', project: 'gpu', but: ['half_precision', 'prepare'] },
};

/** Lines of a stretch: long enough to hold most conditions, calls and short bodies whole. */
const stretch = 12;

/** One stretch of lines of every so many of some files, spread evenly over each and over all of them. */
function sampled(pattern, every) {
  const [folder] = pattern.split('**');
  const files = pattern.includes('**')
    ? readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}${name}`)
    : [pattern];
  let at = 0;
  return files.sort().flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length;
    const stretches = Array.from({ length: Math.ceil(lines / stretch) }, (_, i) => 1 + i * stretch);
    return stretches
      .filter(() => at++ % every === 0)
      .map((from) => `${file}:${from}-${Math.min(lines, from + stretch - 1)}`);
  });
}

/** Which room a word means: itself, or the room of a file or of its lines, as src/rl/vote.ts:10-20. */
const roomOf = (word) => /^src\/(\w+)\/./.exec(word)?.[1] ?? word;
const { values, positionals: wanted } = parseArgs({
  options: { every: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const every = Number(values.every);
if (!Number.isInteger(every) || every < 1) {
  console.error(
    `--every is "${values.every}": a stretch of lines of every so many is a whole number from 1 on.`,
  );
  process.exit(2);
}
const unknown = wanted.find((word) => !(roomOf(word) in rooms));
if (unknown !== undefined) {
  console.error(`There is no room "${unknown}" to mutate.\nRooms: ${Object.keys(rooms).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(rooms)
  .filter(([name]) => wanted.length === 0 || wanted.some((word) => roomOf(word) === name))
  .map(([name, room]) => {
    const parts = wanted.filter((word) => word !== name && roomOf(word) === name);
    const all = every === 1 ? [room.mutate] : sampled(room.mutate, every);
    return [name, { ...room, mutate: parts.length > 0 ? parts : all }];
  });

ensureDependencies();
if (chosen.some(([, { project }]) => project === 'gpu')) process.env.CHROMIUM_PATH = ensureChromium();
const { Stryker } = await import('@stryker-mutator/core');

// This takes long: whatever else the machine does goes first.
setPriority(10);

/** Mutates a room; answers every mutant with its fate. */
function mutantsOf(name, room) {
  const { mutate, project } = room;
  process.env.MUTANTS_PROJECT = project;
  process.env.MUTANTS_TESTS = testsOf(name, room).join(',');
  const stryker = new Stryker({
    mutate,
    plugins: ['@stryker-mutator/vitest-runner', `${root}build/mutantsPlugin.mjs`],
    ignorers: ['lab'],
    testRunner: 'vitest',
    vitest: { configFile: 'build/mutants.config.ts', related: false },
    coverageAnalysis: 'perTest',
    concurrency: project === 'gpu' ? 1 : availableParallelism(),
    ignorePatterns: ['/dist', '/runs', '/.cache', '/screenshots', '*.log'],
    // A busy machine is no endless loop.
    timeoutMS: 60_000,
    dryRunTimeoutMinutes: 30,
    warnings: { slow: false },
    reporters: ['progress-append-only', 'survivors', 'html'],
    htmlReporter: { fileName: `reports/mutants/${name}.html` },
    logLevel: 'warn',
    cleanTempDir: 'always',
    allowConsoleColors: false,
  });
  return stryker.runMutationTest();
}

const table = {};
for (const [name, room] of chosen) {
  console.log(`\n── ${name}`);
  const mutants = await mutantsOf(name, room);
  const of = (status) => mutants.filter((mutant) => mutant.status === status);
  const [killed, timeout, survived, uncovered] = ['Killed', 'Timeout', 'Survived', 'NoCoverage'].map(
    (status) => of(status).length,
  );
  table[name] = {
    score: `${((100 * (killed + timeout)) / (killed + timeout + survived + uncovered)).toFixed(1)} %`,
    killed,
    timeout,
    survived,
    'no test': uncovered,
    'does not load': of('RuntimeError').length + of('CompileError').length,
    ignored: of('Ignored').length,
  };
}
console.table(table);
console.log('Every mutant in its place: reports/mutants/*.html');
