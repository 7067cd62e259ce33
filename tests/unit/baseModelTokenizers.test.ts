import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readModelFolder, writeModelFolder } from '../../src/cli/modelFolder.ts';

/** With which files transformers gives the tokenizer that is meant, tried there: without them it makes another, in silence. */
interface Facts {
  readonly folders: readonly string[];
  readonly tokens: number;
  readonly end: number;
  readonly padding: number;
  readonly unknown: number;
  readonly 'tokenizer_config.json': Readonly<Record<string, unknown>>;
}

const { tried } = JSON.parse(readFileSync('tests/fixtures/base-models/tokenizers.json', 'utf8')) as {
  readonly tried: readonly Facts[];
};

interface Written {
  readonly added_tokens: readonly { readonly id: number }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly unk_token: string };
}

function expectAsTried(folder: string, facts: Facts): void {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
  expect(read('tokenizer_config.json')).toMatchObject(facts['tokenizer_config.json']);
  const { eos_token: end, pad_token: padding } = facts['tokenizer_config.json'];
  const { model, added_tokens: added } = read('tokenizer.json') as Written;
  expect(Object.keys(model.vocab)).toHaveLength(facts.tokens);
  expect(model.vocab[String(end)]).toBe(facts.end);
  expect(model.vocab[String(padding)]).toBe(facts.padding);
  expect(model.vocab[model.unk_token]).toBe(facts.unknown);
  // An end token among these would be skipped where a text is made of tokens.
  expect(added.map(({ id }) => id)).toEqual([facts.padding]);
  expect(read('config.json')).toMatchObject({
    vocab_size: facts.tokens,
    eos_token_id: facts.end,
    pad_token_id: facts.padding,
    max_position_embeddings: facts['tokenizer_config.json'].model_max_length,
  });
}

it('were tried of every base model', () => {
  expect(readdirSync('public/models').toSorted()).toEqual(tried.flatMap(({ folders }) => folders).toSorted());
});

it.each(tried.flatMap((facts) => facts.folders.map((name) => [name, facts] as const)))(
  'of %s are those that transformers takes as meant, as it lies there and as it is written',
  (name, facts) => {
    expectAsTried(join('public/models', name), facts);
    const folder = mkdtempSync(join(tmpdir(), 'lab-model-'));
    try {
      writeModelFolder(folder, readModelFolder(name), '');
      expectAsTried(folder, facts);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
