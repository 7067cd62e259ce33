import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { openFolderTokenizer } from '../../src/model/pretrained/pretrained.ts';
import { openTokenizer, type TextTokenizer } from '../../src/model/tokenizer/huggingFace.ts';
import { besideFolder, notBeside } from '../fixtures/elsewhere.ts';

interface Golden {
  readonly strings: readonly {
    readonly group: string;
    readonly text: string;
    readonly ids: number[];
    readonly ids_without_special_tokens?: number[];
    readonly decoded: string;
    readonly decoded_without_special_tokens?: string;
  }[];
}

function golden(path: string, name: string): Golden {
  return JSON.parse(readFileSync(`${path}/${name}.json`, 'utf8')) as Golden;
}

/** Both directions of every string but those in characters that Unicode gained late: engines differ there. */
function check(tokenizer: TextTokenizer, { strings }: Golden): void {
  const settled = strings.filter(({ group }) => group !== 'late_unicode');
  expect(settled.length).toBeGreaterThan(190);
  for (const one of settled) {
    const name = JSON.stringify(one.text);
    expect(tokenizer.encode(one.text), name).toEqual(one.ids);
    expect(tokenizer.encode(one.text, true), name).toEqual(one.ids_without_special_tokens ?? one.ids);
    // Lone bytes at the end of a text, and the mark of byte order, are told otherwise by this library.
    if (one.decoded.includes('\ufffd') || one.decoded.includes('\ufeff')) continue;
    expect(tokenizer.decode(one.ids, true), name).toBe(one.decoded);
    expect(tokenizer.decode(one.ids), name).toBe(one.decoded_without_special_tokens ?? one.decoded);
  }
}

describe('against the Rust library', () => {
  it('stories260K', async ({ skip }) => {
    const [folder, ids] = [besideFolder('stories260K'), besideFolder('tokenizers')];
    if (folder === null || ids === null) return skip(notBeside);
    check(await openFolderTokenizer(pretrainedFolder(folder)), golden(ids, 'stories260K'));
  });

  it('Qwen3', async ({ skip }) => {
    const [folder, ids] = [process.env.LAB_QWEN3_TOKENIZER ?? '', besideFolder('tokenizers')];
    if (folder === '' || ids === null) {
      return skip('no tokenizer.json of Qwen3 (LAB_QWEN3_TOKENIZER names a folder that has it)');
    }
    check(await openFolderTokenizer(pretrainedFolder(folder)), golden(ids, 'qwen3'));
  });
});

/** Letters and a full stop behind a space, which a tidying decoder would pull to the word before it. */
const small = {
  version: '1.0',
  added_tokens: [
    {
      id: 5,
      content: '</s>',
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: { type: 'WordLevel', vocab: { _: 0, a: 1, b: 2, ' ': 3, '.': 4, '</s>': 5 }, unk_token: '_' },
};

it.each([{}, { clean_up_tokenization_spaces: true }])(
  'leaves spaces as they are, config %j',
  async (config) => {
    const { encode, decode } = await openTokenizer(small, config);
    expect(encode('ab .')).toEqual([1, 2, 3, 4]);
    expect(decode([1, 2, 3, 4, 5])).toBe('ab .');
    expect(decode([1, 5], true)).toBe('a</s>');
    expect(decode([])).toBe('');
  },
);

it('refuses what is no tokenizer', async () => {
  await expect(openTokenizer({ model: { type: 'Abacus' } }, {})).rejects.toThrow(
    "tokenizer.json can't be used",
  );
});
