import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';

// Whether what reads the logs of others reads or refuses in words whatever it is given: files of every format, some
// bytes of which are changed, in tests/unit/logFuzz.test.ts. `npm test` tries some hundred of each.
// Usage: npm run fuzz -- [--inputs 10000, of each format] [--seed 1] [--format <words of its name>]
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    format: { type: 'string' },
  },
});

ensureDependencies();
const { status } = spawnSync(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...['--project', 'unit', 'tests/unit/logFuzz.test.ts'],
    ...(values.format === undefined ? [] : ['-t', values.format]),
  ],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, FUZZ_INPUTS: values.inputs, FUZZ_SEED: values.seed },
  },
);
process.exitCode = status ?? 1;
