import { drawProblems, problemKinds, type ProblemKindName } from '../asking/problems.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import { quote } from '../lib/quote.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { valuesOf } from './modelFlags.ts';
import { Output } from './output.ts';

const kinds = Object.keys(problemKinds) as ProblemKindName[];
const suffix = ' Write the answer behind ####.';

const own: OwnFlags = {
  kind: {
    type: 'string',
    value: 'name',
    help: kinds.map((kind) => `${kind}: ${problemKinds[kind].summary}`).join('; '),
  },
  level: {
    type: 'string',
    value: 'number',
    help: `from 1, up to ${kinds.map((kind) => `${String(problemKinds[kind].levels[1])} (${kind})`).join(', ')} (default 2)`,
  },
  count: { type: 'string', value: 'number', help: 'how many, none twice (default 500)' },
  seed: { type: 'string', value: 'number', help: 'the same seed draws the same problems (default 0)' },
  suffix: { type: 'string', value: 'text', help: `behind each question (default ${JSON.stringify(suffix)})` },
  out: { type: 'string', value: 'file', help: 'JSON lines: {"prompt": "…", "answer": "…"}' },
  force: { type: 'boolean', help: 'replace the file of --out where it is there already' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run prompts`: problems with answers, for `npm run ask` and `npm run lora`. */
export default function main(argv: string[]): void {
  const { flags } = readArguments(argv, own, []);
  if (flags.has('help') || argv.length === 0) {
    console.log(ownHelp(own).join('\n'));
    return;
  }
  const { text, needed, number } = valuesOf(flags, own);
  const name = needed('kind');
  const kind = kinds.find((each) => each === name);
  if (kind === undefined) {
    throw new LabError('bad-setting', `--kind can't be ${quote(name)}.`, `Choose of ${kinds.join(', ')}.`);
  }
  const level = number('level', 2, problemKinds[kind].levels);
  const count = number('count', 500, [1, 100_000]);
  const random = randomStream(number('seed', 0, [0, Number.MAX_SAFE_INTEGER]), 'prompts', level);
  const problems = drawProblems(problemKinds[kind], level, count, random);
  if (problems.length < count) {
    throw new LabError(
      'bad-setting',
      `Level ${String(level)} of ${kind} gave ${String(problems.length)} different problems, and ${String(count)} were wanted.`,
      'Ask for fewer, or for a higher level.',
    );
  }
  const behind = text('suffix') ?? suffix;
  const output = new Output(needed('out'), { flag: '--out', force: flags.has('force'), read: [] });
  try {
    for (const { question, answer } of problems)
      output.write(`${JSON.stringify({ prompt: `${question}${behind}`, answer })}\n`);
  } finally {
    output.close();
  }
}
