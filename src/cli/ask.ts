import { totalmem } from 'node:os';
import { answersOf, figuresOf, linesOf, type Answered, type Said } from '../asking/answers.ts';
import { Asking, priceOf } from '../asking/asking.ts';
import {
  checkFits,
  describe,
  needFor,
  openAsked,
  roomOf,
  withAdapter,
  type AskedModel,
} from '../asking/model.ts';
import { asCompletion } from '../asking/prompts.ts';
import { questionOf, workOf, type Question } from '../asking/question.ts';
import { answerOverlap } from '../diagnostics/asked.ts';
import { portions } from '../lib/portions.ts';
import { findAnswers, formNames } from '../records/completions/answers.ts';
import { ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { askedLines, templateLines, priceLines, tookLine } from './askReport.ts';
import { openHeadless } from './headless.ts';
import { readPrompts, templateFlag, valuesOf, ways, weightsOf } from './modelFlags.ts';
import { Output } from './output.ts';
import { pretrainedFolder } from './pretrainedFolder.ts';
import { ProgressBar } from './progress.ts';

const own: OwnFlags = {
  model: { type: 'string', value: 'folder', help: 'the model: config.json, tokenizer.json, *.safetensors' },
  prompts: {
    type: 'string',
    value: 'file',
    help: 'JSON lines: {"prompt": "…", "answer": "…"}, the answer where known',
  },
  against: { type: 'string', value: 'folder', help: 'a second model of the same tokenizer, asked the same' },
  adapter: { type: 'string', value: 'folder', help: 'a LoRA adapter of PEFT’s, beside the model' },
  'against-adapter': {
    type: 'string',
    value: 'folder',
    help: 'an adapter beside the second model; without --against, beside the first one’s base',
  },
  'group-size': { type: 'string', value: 'number', help: 'completions of each prompt (default 16)' },
  temperature: { type: 'string', value: 'number', help: '0 takes the most likely token (default 1)' },
  'max-tokens': { type: 'string', value: 'number', help: 'of a completion (default 256)' },
  seed: { type: 'string', value: 'number', help: 'default 1' },
  answer: {
    type: 'string',
    value: 'form',
    help: `${formNames.join(', ')}, or a pattern whose first group is the answer`,
  },
  template: templateFlag,
  weights: {
    type: 'string',
    value: 'type',
    help: 'file: the bits of the file (default); int8: a byte a number',
  },
  rows: { type: 'string', value: 'number', help: 'completions in flight at once, at most (default 64)' },
  memory: { type: 'string', value: 'GB', help: 'refuse what needs more' },
  out: {
    type: 'string',
    value: 'file',
    help: 'a JSON line for each completion, with its tokens and their entropies',
  },
  force: { type: 'boolean', help: 'replace that file' },
  help: { type: 'boolean', help: 'this list' },
};

/** `npm run ask`: what a model made elsewhere answers, how far it agrees with itself, and with another. */
export default async function main(argv: string[]): Promise<void> {
  if (argv.includes('--help')) {
    console.log(`npm run ask -- --model FOLDER --prompts FILE.jsonl [flags]\n\n${ownHelp(own).join('\n')}`);
    return;
  }
  const { flags } = readArguments(argv, own, []);
  const { text, needed, number } = valuesOf(flags, own);
  const [path, file] = [needed('model'), needed('prompts')];
  const againstAdapter = text('against-adapter');
  // Another adapter is compared on the same base.
  const against = text('against') ?? (againstAdapter === undefined ? undefined : path);
  const groupSize = number('group-size', 16, [1, 1024]);
  const temperature = number('temperature', 1, [0, 100], false);
  const maxTokens = number('max-tokens', 256, [1, 32_768]);
  const seed = number('seed', 1, [0, 2 ** 53 - 1]);
  const rows = number('rows', 64, [1, 4096]);
  const memory = text('memory') === undefined ? null : 1e9 * number('memory', 0, [0.001, 1e4], false);
  const choice = weightsOf(text('weights') ?? 'file');
  const wanted = text('answer');
  const prompts = readPrompts(file);
  // A form that is none is refused before anything is computed.
  if (wanted !== undefined) findAnswers([asCompletion('', '')], wanted);
  const outPath = text('out');
  const out =
    outPath === undefined
      ? null
      : new Output(outPath, {
          flag: '--out',
          force: flags.has('force'),
          read: [
            file,
            path,
            ...[against, text('adapter'), againstAdapter].filter((each) => each !== undefined),
          ],
        });

  const asked = await Promise.all(
    [
      [path, text('adapter')],
      [against, againstAdapter],
    ].flatMap(([base, adapter]) => (base === undefined ? [] : [openBoth(base, adapter)])),
  );
  const [first] = asked;
  if (first === undefined) return;
  for (const each of asked) console.log(`${each.path}: ${describe(each)}`);
  const template = text('template') ?? null;
  const how = { groupSize, temperature, maxTokens, seed, rows, template };
  const question = await questionOf(asked, prompts, how);
  for (const line of templateLines(first, question)) console.log(line);
  const { capacity } = question;
  const now = () => performance.now();
  const asking = new Asking(await openHeadless(), now);
  const room = roomOf(asking.gpu, memory, totalmem());
  const needs = asked.map((each) => needFor(each, choice, capacity));
  checkFits(room, asked, needs, capacity, ways);
  const speed = await asking.measure(first, choice, capacity);
  const atMost = asked.map(() => workOf(question, asked.length));
  for (const line of priceLines(needs, priceOf(asked, needs, atMost, speed), maxTokens)) console.log(line);

  const bar = new Bars();
  await asking.load(asked, choice, capacity, bar.of('weights'));
  let took = 0;
  const said: Said[][] = [];
  const all: Answered[] = [];
  for (const [i, each] of asked.entries()) {
    const started = now();
    const told = bar.of(each.path);
    const own = await asking.sample(i, question, (complete, underWay) =>
      told(
        complete.length + underWay.filter(({ truncated }) => !truncated).length,
        prompts.length * groupSize,
      ),
    );
    bar.end();
    took += (now() - started) / 1000;
    const answered = answersOf(own, prompts, wanted);
    const { each: figures, all: together } = figuresOf(answered);
    const shown = figures.filter((of) => of !== null);
    for (const line of askedLines(each.path, answered.form, prompts, shown, together)) console.log(line);
    // What comes later may fail: this is in the file.
    for (const portion of portions(linesOf(each, own, answered, prompts))) out?.write(portion);
    said.push(own);
    all.push(answered);
  }
  out?.close();
  const tokens = said.flat().reduce((sum, each) => sum + each.tokens.length, 0);
  console.log(`\n${tookLine(tokens, took, priceOf(asked, needs, asking.works, speed))}`);
  if (against !== undefined) await compare(asking, said, all, question);
  asking.release();
}

async function openBoth(base: string, adapter: string | undefined): Promise<AskedModel> {
  const model = await openAsked(pretrainedFolder(base), base);
  return adapter === undefined ? model : withAdapter(model, pretrainedFolder(adapter), adapter);
}

/** One progress bar after another. */
class Bars {
  #bar: ProgressBar | null = null;

  /** @param note what is done */
  of(note: string): (done: number, all: number) => true {
    this.end();
    return (done, all) => {
      this.#bar ??= new ProgressBar(all);
      this.#bar.show(done, note);
      return true;
    };
  }

  end(): void {
    this.#bar?.end();
    this.#bar = null;
  }
}

/** Answer overlap of two models, and KL between them on what each of them said. */
async function compare(
  asking: Asking,
  [ours = [], theirs = []]: readonly (readonly Said[])[],
  answered: readonly Answered[],
  question: Question,
): Promise<void> {
  const overlap = answerOverlap(answered[0]?.prompts ?? [], answered[1]?.prompts ?? []);
  const bar = new Bars();
  const forth = await asking.divergence(0, ours, question, bar.of('KL'));
  const back = await asking.divergence(1, theirs, question, bar.of('KL'));
  bar.end();
  console.log(`\nBetween the two: answer overlap ${overlap.toFixed(3)} (1: they answer alike);`);
  console.log(
    `KL(first ‖ second) ${forth.toFixed(4)}, KL(second ‖ first) ${back.toFixed(4)} nats a token, each on its own completions.`,
  );
}
