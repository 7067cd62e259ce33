import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensure.mjs';

// How the page stands what takes long, each a check that ends with exit code 1 where something is wrong:
//   npm run soak -- [--minutes 10] [--library …]           streaming charts: see soakStream.mjs
//   npm run soak -- --actions [--minutes 60] [--seed 1]    random actions of a reader on the built page, with memory
//   npm run soak -- --hidden [--minutes 10]                a run that goes on behind another tab
// All take --json and --dist <folder built before>. The last two, bench/soak/, drive Chromium with its software GPU; the
// actions follow from the seed and their numbers. Ctrl-C ends them with what they have.
const { values } = parseArgs({
  options: {
    actions: { type: 'boolean', default: false },
    hidden: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    library: { type: 'string' },
    dist: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

ensureDependencies();
if (values.actions || values.hidden) {
  const { runnerImport } = await import('vite');
  const load = async (name) => (await runnerImport(`./bench/soak/${name}.ts`)).module;
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (stopped = true));
  const given = {
    ...(values.dist === undefined ? {} : { dist: values.dist }),
    tell: (line) => void (values.json ? console.error(line) : console.log(line)),
    stopping: () => stopped,
  };
  let well, result, words;
  if (values.actions) {
    const { soak, isWell, reportOf } = await load('actions');
    result = await soak({ minutes: Number(values.minutes ?? 60), seed: Number(values.seed), ...given });
    [well, words] = [isWell(result), reportOf(result)];
  } else {
    const { hiddenTab } = await load('hidden');
    result = await hiddenTab(Number(values.minutes ?? 10), given);
    well = result.breach === null;
    words = well
      ? `Nothing was lost: ${result.made} steps, and all of them there after a reload.`
      : `BREACH: ${result.breach}`;
  }
  console.log(values.json ? JSON.stringify(result, null, 2) : `\n${words}`);
  process.exit(well ? 0 : 1);
} else await import('./soakStream.mjs');
