import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { modelFileNames, parseModel, type ModelFiles } from '../../src/model/baseModel.ts';
import { models } from '../../src/model/models.ts';
import { writeSafetensors } from '../../src/model/safetensors.ts';
import { characters } from '../../src/model/tokenizer/characters.ts';
import { tokenizerJson } from '../../src/model/tokenizer/labTokenizers.ts';
import { solvedTaskOf } from '../../src/tasks/index.ts';
import { countingWeights, tiny, tinyLayout } from './models.ts';

const good: ModelFiles = {
  config: JSON.stringify(tiny),
  tokenizer: tokenizerJson(characters),
  weights: writeSafetensors(countingWeights(tinyLayout), tinyLayout).buffer,
};

/** A tokenizer.json whose tokens and ids are others. */
function withVocabulary(change: (all: [string, number][]) => [string, number][]): string {
  const json = JSON.parse(tokenizerJson(characters)) as { model: { vocab: Record<string, number> } };
  const vocab = Object.fromEntries(change(Object.entries(json.model.vocab).sort(([, a], [, b]) => a - b)));
  return JSON.stringify({ ...json, model: { ...json.model, vocab } });
}

it('reads a folder', () => {
  expect(parseModel(good)).toEqual({
    config: tiny,
    layout: tinyLayout,
    tokenizer: characters,
    weights: countingWeights(tinyLayout),
  });
});

it('whatever editor its texts were saved with', () => {
  const saved = (text: string): string => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
  const { config } = parseModel({
    ...good,
    config: saved(JSON.stringify(tiny, null, 1)),
    tokenizer: saved(good.tokenizer),
  });
  expect(config).toEqual(tiny);
});

it.each<[string, Partial<ModelFiles>, string]>([
  ['a cut config', { config: good.config.slice(0, -1) }, 'config.json is no JSON'],
  ['an error page', { config: '<!doctype html>' }, 'config.json is no JSON'],
  ['a config of other sizes', { config: JSON.stringify({ ...tiny, hidden_size: 8 }) }, 'shape'],
  [
    'a config of another vocabulary',
    { config: JSON.stringify({ ...tiny, vocab_size: 24 }) },
    '"vocab_size" is 24, but its tokenizer has 23 tokens',
  ],
  ['a cut tokenizer', { tokenizer: '{' }, 'tokenizer.json is no JSON'],
  ['no tokenizer', { tokenizer: 'null' }, 'tokenizer.json: its vocabulary is none'],
  [
    'a shuffled vocabulary',
    { tokenizer: withVocabulary((all) => all.map(([one], id) => [one, 22 - id])) },
    'its vocabulary',
  ],
  [
    'a vocabulary too long',
    { tokenizer: withVocabulary((all) => [...all, ['c', 23]]) },
    'tokenizer.json: its vocabulary',
  ],
  [
    'a vocabulary too short',
    { tokenizer: withVocabulary((all) => all.slice(0, -1)) },
    'tokenizer.json: its vocabulary',
  ],
  [
    'a config without end',
    { config: `${good.config}${' '.repeat(2 ** 21)}` },
    "config.json can't be read: it has",
  ],
  [
    'a config in lists',
    { config: `${'['.repeat(9999)}${']'.repeat(9999)}` },
    "config.json can't be read: lists",
  ],
  [
    'a config that says a megabyte',
    { config: JSON.stringify({ ...tiny, hidden_size: `\u001b${'x'.repeat(1e6)}` }) },
    'config.json',
  ],
  ['cut weights', { weights: good.weights.slice(0, -4) }, 'model.safetensors'],
])('refuses %s', (_, files, words) => {
  try {
    parseModel({ ...good, ...files });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).code).toBe('bad-file');
    expect((error as LabError).message).toContain(words);
    expect((error as LabError).message.length).toBeLessThan(400);
    expect((error as LabError).message).not.toMatch(/\p{Cc}/u);
  }
});

describe.each(Object.entries(models))('%s', (name, { task, levels, taskLevel, oodLevel }) => {
  const read = (file: string) => readFileSync(`public/models/${name}/${file}`);
  const text = (file: string) => read(file).toString();

  it('is there, whole and in the lab’s vocabulary', () => {
    const { config, layout, tokenizer, weights } = parseModel({
      config: text(modelFileNames.config),
      tokenizer: text(modelFileNames.tokenizer),
      weights: new Uint8Array(read(modelFileNames.weights)).buffer,
    });
    expect(tokenizer).toBe(models[name]?.tokenizer);
    expect(weights).toHaveLength(layout.size);
    expect(JSON.parse(text(modelFileNames.config))).toMatchObject({
      ...config,
      eos_token_id: tokenizer.endToken,
      pad_token_id: tokenizer.padToken,
    });
    const readme = text('README.md');
    expect(readme).toContain('npm run pretrain -- ');
    expect(readme).toContain(String(layout.parameterCount));
  });

  it('was made for levels its task has', () => {
    const [least, most] = solvedTaskOf(task).levels;
    for (const level of [...levels, taskLevel, oodLevel]) {
      expect(level).toBeGreaterThanOrEqual(least);
      expect(level).toBeLessThanOrEqual(most);
    }
    expect(levels).toContain(taskLevel);
    expect(levels).not.toContain(oodLevel);
  });
});
