import { chatTemplate } from '../settings/adapterKnobs.ts';
import type { AskedFigures, PromptFigures } from '../diagnostics/asked.ts';
import type { Question } from '../asking/question.ts';
import { excerpt } from '../lib/quote.ts';
import { megabytes, type AskedModel } from '../asking/model.ts';
import type { AskedText } from '../asking/prompts.ts';
import type { FrozenNeed } from '../engine/frozen/sizes.ts';
import { missWords, rangeWords } from '../asking/price.ts';
import type { Range } from '../bench/frozenPrice.ts';

/** Prompts that are listed one by one; more are in the file of `--out`. */
const mostListed = 20;

const share = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(3));

/** What a model answered, in lines. */
export function askedLines(
  path: string,
  form: string | null,
  prompts: readonly AskedText[],
  each: readonly PromptFigures[],
  all: AskedFigures,
): string[] {
  const known = prompts.some(({ solution }) => solution !== null);
  const head = [
    'prompt',
    'vote',
    'agreement',
    'answers',
    'no answer',
    'entropy',
    ...(known ? ['right'] : []),
  ];
  const rows = each
    .slice(0, mostListed)
    .map((of, i) => [
      excerpt((prompts[i]?.prompt ?? '').replace(/\s+/g, ' ').trim(), 28),
      excerpt(of.vote ?? '–', 16),
      share(of.agreement),
      String(of.distinct),
      share(of.noAnswer),
      share(of.entropy),
      ...(known
        ? [of.voteRight === null ? '–' : `${of.voteRight ? 'yes' : 'no'}, ${share(of.accuracy)}`]
        : []),
    ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => Array.from(row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    '',
    `${path}: answers ${form ?? 'are found in too few completions: name how with --answer'}`,
    line(head),
    ...rows.map(line),
    ...(each.length > mostListed ? [`… and ${String(each.length - mostListed)} more`] : []),
    `agreement ${share(all.agreement)}, unanimous ${share(all.unanimous)}, no answer ${share(all.noAnswer)}, entropy ${share(all.entropy)} nats a token`,
    `${all.tokens.toFixed(1)} tokens a completion, ${share(all.truncated)} cut off; the most common vote is ${share(all.topLabelShare)} of all votes`,
    ...(known
      ? [
          `right: ${share(all.accuracy)} of completions, ${share(all.voteAccuracy)} of votes, ${share(all.passAny)} of prompts at least once; self-deception ${share(all.selfDeception)}`,
        ]
      : []),
  ];
}

/** What asking will take, in lines. @param seconds where every completion is as long as it may be */
export function priceLines(needs: readonly FrozenNeed[], seconds: Range, maxTokens: number): string[] {
  const sum = (pick: (need: FrozenNeed) => number) => needs.reduce((total, need) => total + pick(need), 0);
  return [
    `GPU memory: ${megabytes(sum((need) => need.totalBytes))}: weights ${megabytes(sum((need) => need.weightsBytes))}, keys and values ${megabytes(sum((need) => need.cacheBytes))}, the rest ${megabytes(sum((need) => need.workingBytes))}.`,
    `${rangeWords(seconds)} here, by what was timed just now, where every completion has ${String(maxTokens)} tokens.`,
  ];
}

/** What became of a folder's chat template; nothing where it has none. */
export function templateLines(
  { chat }: Pick<AskedModel, 'chat'>,
  { template, first }: Pick<Question, 'template' | 'first'>,
): string[] {
  if (template !== null) {
    const of =
      template === chatTemplate && chat !== null ? `The chat template of ${chat.from}` : 'The template';
    return [`${of} is applied; the first prompt is ${excerpt(JSON.stringify(first), 400)}`];
  }
  if (chat === null) return [];
  return [
    `The folder has a chat template (${chat.from}); prompts are taken as they are. --template ${chatTemplate} applies it.`,
  ];
}

/** What asking took, and how far that is from what was measured before for as many tokens. */
export function tookLine(tokens: number, seconds: number, measured: Range): string {
  return `${tokens.toLocaleString('en')} tokens in ${seconds.toFixed(1)} s, ${(tokens / seconds).toFixed(0)} a second; ${missWords(seconds, measured)}.`;
}
