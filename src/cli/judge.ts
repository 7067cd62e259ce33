import { createInterface } from 'node:readline';
import { answering } from '../experiments/answering.ts';
import type { Benchmark } from '../experiments/benchmark.ts';
import { detectors, type Detector } from '../experiments/detectors.ts';
import { verdictOn, type Course } from '../experiments/judgement.ts';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { numberOf, ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { benchmarkFolder, benchmarkOfResults, readRuns, writeBenchmark } from './benchmarkFiles.ts';
import { DetectorProcess } from './detectorProcess.ts';
import { aligned, cellsInWords, jsonOf, judgedHere, tablesOf, type Judgement } from './judgeReport.ts';

const own: OwnFlags = {
  detector: {
    type: 'string',
    value: 'command',
    help: 'an alarm of yours, in any language: it reads rows from stdin and answers each (docs/benchmark.md)',
  },
  on: {
    type: 'string',
    value: 'path',
    help: `runs to judge by: a folder of results, a record, or a benchmark (default ${benchmarkFolder})`,
  },
  wait: { type: 'string', value: 'seconds', help: 'how long an answer may take (default 60)' },
  json: { type: 'boolean', help: 'a line of JSON for the runs, and one for each alarm' },
  pack: { type: 'boolean', help: `makes ${benchmarkFolder}/ from the runs in results/` },
  answer: {
    type: 'string',
    value: 'alarm',
    help: `is such a command itself: ${detectors.map(({ id }) => id).join(', ')}`,
  },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run judge`: how often alarms are right about runs whose outcomes they are not shown. */
export default async function main(argv: string[]): Promise<void> {
  const { flags } = readArguments(argv, own, []);
  const text = (flag: string): string | undefined => flags.get(flag)?.toString();
  if (flags.has('help')) {
    console.log(`npm run judge -- [flags]\n\n${ownHelp(own).join('\n')}`);
    return;
  }
  const alone = ['answer', 'pack'].find((flag) => flags.has(flag));
  if (alone !== undefined && flags.size > 1) {
    throw new LabError('bad-setting', `--${alone} goes with no other flag.`, 'Leave out the others.');
  }
  const answers = text('answer');
  if (answers !== undefined) {
    await answer(detectorOf(answers));
    return;
  }
  if (flags.has('pack')) {
    const made = benchmarkOfResults();
    const bytes = writeBenchmark(made);
    console.log(`${benchmarkFolder}/ holds ${made.observed.length} runs in ${(bytes / 1e6).toFixed(2)} MB.`);
    return;
  }
  const wait = numberOf('wait', text('wait') ?? '60', { range: [0.1, 86_400], whole: false });
  const benchmark = readRuns(text('on') ?? benchmarkFolder);
  const command = text('detector');
  const entered = command === undefined ? [] : [await entering(command, wait, benchmark)];
  const judgements = [...entered, ...judgedHere(benchmark)];
  if (flags.has('json')) {
    for (const line of jsonOf(benchmark, judgements)) console.log(line);
    return;
  }
  console.log(cellsInWords(benchmark, judgements[0]).join('\n'));
  for (const table of tablesOf(judgements)) console.log(`\n${table.title}\n\n${aligned(table)}`);
}

/** Shows all runs to a command. @throws LabError where it breaks the protocol */
async function entering(command: string, wait: number, benchmark: Benchmark): Promise<Judgement> {
  const detector = new DetectorProcess(command, wait);
  const ended = (status: number) => (): void => process.exit(status);
  process.once('SIGINT', ended(130)).once('SIGTERM', ended(143));
  const courses: Course[] = [];
  try {
    for (const run of benchmark.observed) courses.push(await detector.judge(run));
  } finally {
    await detector.close();
  }
  const verdict = verdictOn(benchmark, courses);
  return { id: 'detector', name: 'yours', source: command, verdict };
}

function detectorOf(id: string): Detector {
  const found = detectors.find((each) => each.id === id);
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--answer can't be ${quote(id)}.`,
    `Choose one of ${detectors.map((each) => each.id).join(', ')}.`,
  );
}

/** Answers rows until the input ends. */
async function answer(detector: Detector): Promise<void> {
  const say = answering(detector);
  for await (const line of createInterface({ input: process.stdin })) {
    const said = say(line);
    if (said !== null) process.stdout.write(`${said}\n`);
  }
}
