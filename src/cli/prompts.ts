import { drawProblems, generalKinds, problemKinds } from '../asking/problems.ts';
import { LabError } from '../lib/labError.ts';
import { randomStream } from '../lib/philox.ts';
import { quote } from '../lib/quote.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { levelFor } from './levelFor.ts';
import { templateFlag, valuesOf, weightsOf } from './modelFlags.ts';
import { Output } from './output.ts';

const kinds = Object.entries(problemKinds);

const own: OwnFlags = {
  kind: {
    type: 'string',
    value: 'name',
    help: kinds.map(([name, { summary }]) => `${name}: ${summary}`).join('; '),
  },
  level: {
    type: 'string',
    value: 'number',
    help: `from 1, up to ${kinds.map(([name, { levels }]) => `${String(levels[1])} (${name})`).join(', ')} (default 2)`,
  },
  fit: {
    type: 'string',
    value: 'folder',
    help: 'in the place of --level: the one of which this model gets between a fifth and three fifths right',
  },
  template: { ...templateFlag, help: `with --fit, ${templateFlag.help}` },
  'max-tokens': { type: 'string', value: 'number', help: 'with --fit, of a completion (default 256)' },
  weights: { type: 'string', value: 'type', help: 'with --fit, file (default) or int8' },
  count: { type: 'string', value: 'number', help: 'how many, none twice (default 500)' },
  seed: { type: 'string', value: 'number', help: 'the same seed draws the same problems (default 0)' },
  suffix: {
    type: 'string',
    value: 'text',
    help: `behind each question (default ${JSON.stringify(generalKinds.arithmetic.suffix)}, or of an expression; nothing for the lab’s tasks)`,
  },
  out: { type: 'string', value: 'file', help: 'JSON lines: {"prompt": "…", "answer": "…"}' },
  force: { type: 'boolean', help: 'replace the file of --out where it is there already' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run prompts`: problems with answers, for `npm run ask` and `npm run lora`. */
export default async function main(argv: string[]): Promise<void> {
  const { flags } = readArguments(argv, own, []);
  if (flags.has('help') || argv.length === 0) {
    console.log(ownHelp(own).join('\n'));
    return;
  }
  const { text, needed, number } = valuesOf(flags, own);
  const name = needed('kind');
  const kind = Object.hasOwn(problemKinds, name) ? problemKinds[name] : undefined;
  if (kind === undefined) {
    const known = Object.keys(problemKinds).join(', ');
    throw new LabError('bad-setting', `--kind can't be ${quote(name)}.`, `Choose of ${known}.`);
  }
  const count = number('count', 500, [1, 100_000]);
  const seed = number('seed', 0, [0, Number.MAX_SAFE_INTEGER]);
  const given = number('level', 2, kind.levels);
  const behind = text('suffix') ?? kind.suffix;
  const fit = text('fit');
  if (fit !== undefined && text('level') !== undefined)
    throw new LabError('bad-setting', '--level and --fit both say which level.', 'Give one of them.');
  const maxTokens = number('max-tokens', 256, [1, 32_768]);
  const weights = weightsOf(text('weights') ?? 'file');
  // A file that can't be written is refused before anything is asked.
  const output = new Output(needed('out'), {
    flag: '--out',
    force: flags.has('force'),
    read: fit === undefined ? [] : [fit],
  });
  try {
    const manner = { suffix: behind, template: text('template') ?? null, maxTokens, weights, seed };
    const level = fit === undefined ? given : await levelFor(fit, kind, manner);
    if (fit !== undefined) console.log(`Level ${String(level)} fits.`);
    const random = randomStream(seed, 'prompts', level);
    const problems = drawProblems(kind, level, count, random);
    if (problems.length < count) {
      throw new LabError(
        'bad-setting',
        `Level ${String(level)} of ${name} gave ${String(problems.length)} different problems, and ${String(count)} were wanted.`,
        'Ask for fewer, or for a higher level.',
      );
    }
    for (const { question, ...known } of problems)
      output.write(`${JSON.stringify({ prompt: `${question}${behind}`, ...known })}\n`);
  } finally {
    output.close();
  }
}
