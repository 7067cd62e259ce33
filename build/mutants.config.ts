import type { Reporter, Vitest } from 'vitest/node';
import { defineConfig, type Plugin } from 'vitest/config';
import lab from '../vite.config.ts';

/** What `npm run mutants` asks for: one of the lab's groups of tests, and which of its files. */
const { MUTANTS_PROJECT: name = '', MUTANTS_TESTS: files = '' } = process.env;

const project = (lab.test?.projects ?? []).find(
  (each) => typeof each === 'object' && 'test' in each && each.test.name === name,
);
if (typeof project !== 'object' || !('test' in project)) throw new Error(`No tests are called "${name}".`);

/** Stryker's runner asks for threads, which start soonest; a GPU's driver wants a process. */
const pool: Plugin = {
  name: 'mutants:pool',
  configureVitest({ project: { config } }) {
    config.pool = name === 'unit' ? 'threads' : 'forks';
    // Files of tests share what they import, which takes longer than they do; each mutant has a worker of its own.
    config.isolate = false;
  },
};

let vitest: Vitest | undefined;
/** A file of tests that can't even be loaded has no test that fails: without this, its mutant would survive. */
const unloaded: Reporter = {
  onInit: (started) => {
    vitest = started;
  },
  onTestRunEnd: (files) => {
    // As an error of its own: what comes from a worker has no prototype, and can't be turned into words.
    for (const { message } of files.flatMap((file) => file.errors())) {
      vitest?.state.catchError(new Error(message), 'Collect');
    }
  },
};

/** Tests of the lab as the single project that Stryker's runner can drive. */
export default defineConfig({
  define: lab.define ?? {},
  plugins: [...(lab.plugins ?? []), pool],
  test: { ...project.test, include: files.split(','), reporters: [unloaded] },
});
