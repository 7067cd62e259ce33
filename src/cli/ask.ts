import { writeFileSync } from 'node:fs';
import { measureFrozen } from '../bench/frozenPrice.ts';
import { answerOverlap, askedFigures, promptFigures } from '../diagnostics/asked.ts';
import { Divergence } from '../engine/frozen/divergence.ts';
import { FrozenEngine, type FrozenCompletion } from '../engine/frozen/engine.ts';
import { weightChoices, type WeightChoice } from '../engine/frozen/matrix.ts';
import { needOf } from '../engine/frozen/sizes.ts';
import type { Gpu } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernel.ts';
import { LabError } from '../lib/labError.ts';
import { quote } from '../lib/quote.ts';
import { mean } from '../lib/stats.ts';
import { findAnswers, formNames } from '../records/completions/answers.ts';
import { numberOf, ownHelp, readArguments, type OwnFlags } from '../settings/arguments.ts';
import { answersOf, linesOf, type Answered } from './askAnswers.ts';
import { checkFits, describe, openAsked, priceLines, type AskedModel } from './askModel.ts';
import { asCompletion, readPrompts } from './askPrompts.ts';
import { promptsOf, questionOf, type Question } from './askQuestion.ts';
import { openHeadless } from './headless.ts';
import { claim } from './output.ts';
import { ProgressBar } from './progress.ts';
import { askedLines } from './askReport.ts';

const own: OwnFlags = {
  model: { type: 'string', value: 'folder', help: 'the model: config.json, tokenizer.json, *.safetensors' },
  prompts: {
    type: 'string',
    value: 'file',
    help: 'JSON lines: {"prompt": "…", "answer": "…"}, the answer where known',
  },
  against: { type: 'string', value: 'folder', help: 'a second model of the same tokenizer, asked the same' },
  'group-size': { type: 'string', value: 'number', help: 'completions of each prompt (default 16)' },
  temperature: { type: 'string', value: 'number', help: '0 takes the most likely token (default 1)' },
  'max-tokens': { type: 'string', value: 'number', help: 'of a completion (default 256)' },
  seed: { type: 'string', value: 'number', help: 'default 1' },
  answer: {
    type: 'string',
    value: 'form',
    help: `${formNames.join(', ')}, or a pattern whose first group is the answer`,
  },
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
  const text = (flag: string): string | undefined => flags.get(flag)?.toString();
  const needed = (flag: string): string => {
    const given = text(flag);
    if (given !== undefined) return given;
    throw new LabError(
      'bad-setting',
      `--${flag} is missing.`,
      `Write --${flag} <${own[flag]?.value ?? ''}>.`,
    );
  };
  const number = (flag: string, otherwise: number, range: readonly [number, number], whole = true): number =>
    numberOf(flag, text(flag) ?? String(otherwise), { range, whole });
  const [path, file] = [needed('model'), needed('prompts')];
  const against = text('against');
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
      : claim(outPath, {
          flag: '--out',
          force: flags.has('force'),
          read: [file, path, ...(against === undefined ? [] : [against])],
        });

  const asked = [await openAsked(path), ...(against === undefined ? [] : [await openAsked(against)])];
  for (const each of asked) console.log(describe(each));
  const question = questionOf(asked, prompts, { groupSize, temperature, maxTokens, seed, rows });
  const { capacity, calls, ids } = question;
  const gpu = await openHeadless();
  const kernels = new Kernels(gpu);
  const needs = asked.map(({ model }) => needOf(model, choice, capacity));
  checkFits(gpu, asked, needs, capacity, memory);
  const [first] = asked;
  if (first === undefined) return;
  const now = () => performance.now();
  const speed = await measureFrozen(gpu, kernels, first.model, choice, capacity.completions, now);
  const work = {
    promptTokens: calls.reduce(
      (sum, call) => sum + promptsOf(call).reduce((all, prompt) => all + (ids[prompt]?.length ?? 0), 0),
      0,
    ),
    completions: prompts.length * groupSize,
    inFlight: capacity.completions,
    maxTokens,
  };
  for (const line of priceLines(asked, needs, speed, work)) console.log(line);

  const engines = asked.map(({ model }) => new FrozenEngine(gpu, kernels, model, capacity, choice));
  await kernels.compile();
  for (const [i, engine] of engines.entries()) {
    const bar = new ProgressBar(needs[i]?.weightsBytes ?? 0);
    await engine.load((bytes) => {
      bar.show(bytes, 'weights');
    });
    bar.end();
  }
  const started = now();
  const sampled: (readonly FrozenCompletion[])[] = [];
  for (const [i, engine] of engines.entries()) {
    const model = asked[i];
    if (model !== undefined) sampled.push(await sample(engine, model, question));
  }
  const seconds = (now() - started) / 1000;
  const all = sampled.map((completions, i) =>
    answersOf(asked[i] ?? first, completions, question, groupSize, wanted),
  );
  all.forEach((of, i) => {
    for (const line of askedLines(
      asked[i]?.path ?? '',
      of.form,
      prompts,
      of.prompts.map(promptFigures),
      askedFigures(of.prompts),
    ))
      console.log(line);
  });
  const tokens = sampled.flat().reduce((sum, each) => sum + each.tokens.length, 0);
  console.log(
    `\n${tokens.toLocaleString('en')} tokens in ${seconds.toFixed(1)} s, ${(tokens / seconds).toFixed(0)} a second.`,
  );
  if (against !== undefined) await compare(gpu, kernels, engines, sampled, all, question);
  if (out !== null) {
    const lines = sampled.flatMap((completions, i) =>
      linesOf(asked[i] ?? first, completions, all[i]?.prompts ?? [], question, groupSize),
    );
    writeFileSync(out.path, lines.join(''));
    out.release();
  }
  for (const engine of engines) engine.destroy();
}

function weightsOf(given: string): WeightChoice {
  const found = weightChoices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new LabError(
    'bad-setting',
    `--weights can't be ${quote(given)}.`,
    `Choose of ${weightChoices.join(', ')}.`,
  );
}

/** All completions of a question, in order of prompts. */
async function sample(
  engine: FrozenEngine,
  { path, model }: AskedModel,
  question: Question,
): Promise<FrozenCompletion[]> {
  const { ids, calls, temperature, maxTokens, seed } = question;
  const bar = new ProgressBar(calls.length);
  const completions: FrozenCompletion[] = [];
  for (const [done, call] of calls.entries()) {
    bar.show(done, path);
    const own = promptsOf(call);
    const requests = call.map(({ prompt, completion }) => ({
      prompt: own.indexOf(prompt),
      temperature,
      completion,
      stream: prompt,
    }));
    const texts = own.map((prompt) => ids[prompt] ?? []);
    completions.push(...(await engine.complete(texts, requests, { seed, ends: model.endTokens, maxTokens })));
  }
  bar.end();
  return completions;
}

/** Answer overlap of two models, and KL between them on what each of them said. */
async function compare(
  gpu: Gpu,
  kernels: Kernels,
  engines: readonly FrozenEngine[],
  sampled: readonly (readonly FrozenCompletion[])[],
  answered: readonly Answered[],
  { ids, prompts, temperature }: Question,
): Promise<void> {
  const [ours, theirs] = engines;
  if (ours === undefined || theirs === undefined) return;
  const divergence = async (
    p: FrozenEngine,
    q: FrozenEngine,
    of: readonly FrozenCompletion[],
  ): Promise<number> => {
    const between = new Divergence(gpu, kernels, p, q);
    await kernels.compile();
    const groupSize = of.length / prompts.length;
    const promptOf = (i: number) => ids[Math.floor(i / groupSize)] ?? [];
    const texts = of.map(({ tokens }, i) => [...promptOf(i), ...tokens]);
    const all = await between.of(texts, temperature === 0 ? 1 : temperature);
    between.destroy();
    return mean(all.flatMap((each, i) => [...each.subarray(promptOf(i).length - 1)]));
  };
  const overlap = answerOverlap(answered[0]?.prompts ?? [], answered[1]?.prompts ?? []);
  const [forth, back] = [
    await divergence(ours, theirs, sampled[0] ?? []),
    await divergence(theirs, ours, sampled[1] ?? []),
  ];
  console.log(`\nBetween the two: answer overlap ${overlap.toFixed(3)} (1: they answer alike);`);
  console.log(
    `KL(first ‖ second) ${forth.toFixed(4)}, KL(second ‖ first) ${back.toFixed(4)} nats a token, each on its own completions.`,
  );
}
