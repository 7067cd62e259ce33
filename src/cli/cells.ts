import { basename } from 'node:path';
import { parseExperiment, setupsOf } from '../experiments/declaration.ts';
import type { Measured } from '../experiments/measured.ts';
import { judgedCells, judgedPlan, nextLanes, nextSeeds, pilotCells } from '../experiments/openCells.ts';
import { judgedDeclaration, nextDeclaration } from '../experiments/openCellsDeclared.ts';
import { LabError } from '../lib/labError.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { experimentPath, readExperiment, readJson, readResults } from './experimentFiles.ts';
import { Output } from './output.ts';

const own: OwnFlags = {
  judged: {
    type: 'string',
    value: 'file',
    help: 'declares the runs that alarms are judged on, once there are enough open cells',
  },
  next: {
    type: 'string',
    value: 'file',
    help: 'declares a pilot between and beyond the learning rates that were tried',
  },
  force: { type: 'boolean', help: 'replace a file that is there' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run cells -- PILOT…`: in which lanes of pilots the outcome is open, and what to run next. */
export default function main(argv: string[]): void {
  if (argv.length === 0 || argv.includes('--help')) {
    console.log(`npm run cells -- PILOT… [flags]\n\n${ownHelp(own).join('\n')}`);
    return;
  }
  const { flags, words, more } = readArguments(argv, own, ['the name of a pilot'], { open: true });
  const names = [...words, ...more];
  const pilots = names.map((name): Measured => {
    const experiment = readExperiment(name);
    return { experiment, runs: readResults(experiment) };
  });
  const cells = pilotCells(pilots);
  for (const { lane, runs, collapsed, kind } of cells) {
    console.log(`${kind.padEnd(10)}  ${collapsed} of ${runs} collapsed  ${lane.name}`);
  }
  const open = cells.filter(({ kind }) => kind === 'open');
  const unfinished = cells.filter(({ kind }) => kind === 'unfinished').length;
  console.log(
    `${open.length} open on ${new Set(open.map(({ task }) => task)).size} tasks; ${judgedPlan.cells} on ${judgedPlan.tasks} are needed${unfinished === 0 ? '' : `, and ${unfinished} lanes are not finished`}.`,
  );
  const raw = (name: string): unknown => readJson(experimentPath(name));
  const write = (flag: string, text: string): void => {
    const file = flags.get(flag)?.toString();
    if (file === undefined) return;
    // What is declared can be made: the same rules as when it is run.
    const made = parseExperiment(file, JSON.parse(text));
    const output = new Output(file, {
      flag: `--${flag}`,
      force: flags.has('force'),
      read: names.map(experimentPath),
    });
    output.write(text);
    output.close();
    const steps = setupsOf(made).reduce((sum, { settings }) => sum + settings.steps, 0);
    console.log(
      `${basename(file)}: ${setupsOf(made).length} runs, ${steps.toLocaleString('en')} steps: ${Math.ceil(steps / 600 / 60)} minutes at 600 steps a second.`,
    );
  };
  if (flags.has('judged')) {
    const chosen = judgedCells(cells);
    if (chosen === null) {
      throw new LabError(
        'bad-setting',
        `${open.length} open cells are too few to judge alarms on.`,
        'Run what --next declares, and name both pilots.',
      );
    }
    write('judged', judgedDeclaration(chosen, raw));
  }
  if (flags.has('next')) {
    const lanes = nextLanes(cells);
    if (lanes.length === 0) {
      throw new LabError(
        'bad-setting',
        'There is nothing to search next: every series is open or unfinished.',
        'Run the pilot to its end, or declare other lanes.',
      );
    }
    write('next', nextDeclaration(lanes, nextSeeds(pilots), raw));
  }
}
