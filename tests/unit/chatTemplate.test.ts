import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import type { ModelFolder } from '../../src/model/pretrained/folder.ts';
import { readChatTemplate } from '../../src/model/pretrained/pretrained.ts';
import { openChatTemplate } from '../../src/model/tokenizer/chatTemplate.ts';

const path = 'tests/fixtures/chat';
const facts = JSON.parse(readFileSync(`${path}/rendered.json`, 'utf8')) as {
  readonly tokens: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, readonly { prompt: string; text: string }[]>>;
};

it.each(Object.entries(facts.templates))('%s is written as transformers writes it', async (name, cases) => {
  const source = readFileSync(`${path}/${name}`, 'utf8');
  const apply = await openChatTemplate({ from: name, source, tokens: facts.tokens });
  for (const { prompt, text } of cases) expect(apply(prompt)).toBe(text);
});

function inMemory(files: Readonly<Record<string, string>>): ModelFolder {
  return {
    called: 'The folder "memory"',
    file: (name) => {
      const text = files[name];
      if (text === undefined) return Promise.resolve(null);
      const bytes = new TextEncoder().encode(text);
      return Promise.resolve({
        sizeBytes: bytes.length,
        read: (begin, end) => Promise.resolve(bytes.slice(begin, end)),
      });
    },
  };
}

it('a folder has it in a file of its own, in the tokenizer’s, one of several, or not at all', async () => {
  const config = (chat_template?: unknown) => ({
    'tokenizer_config.json': JSON.stringify({
      bos_token: '<s>',
      eos_token: { content: '</s>', lstrip: false },
      pad_token: null,
      chat_template,
    }),
  });
  const tokens = { bos_token: '<s>', eos_token: '</s>' };
  expect(await readChatTemplate(inMemory({}))).toBeNull();
  expect(await readChatTemplate(inMemory(config()))).toBeNull();
  expect(await readChatTemplate(inMemory(config('a')))).toEqual({
    from: 'tokenizer_config.json',
    source: 'a',
    tokens,
  });
  const several = [
    { name: 'tool_use', template: 't' },
    { name: 'default', template: 'd' },
  ];
  expect((await readChatTemplate(inMemory(config(several))))?.source).toBe('d');
  expect(await readChatTemplate(inMemory({ ...config('a'), 'chat_template.jinja': 'own' }))).toEqual({
    from: 'chat_template.jinja',
    source: 'own',
    tokens,
  });
  await expect(readChatTemplate(inMemory(config(3)))).rejects.toThrow(/"chat_template" is neither/);
});

it('what is no template, and what refuses the prompt, is said with the file', async () => {
  const template = (source: string) => ({ from: 'chat_template.jinja', source, tokens: {} });
  await expect(openChatTemplate(template('{% for %}'))).rejects.toThrow(
    /chat_template\.jinja can't be used: /,
  );
  const refuses = await openChatTemplate(template("{{ raise_exception('No system message.') }}"));
  expect(() => refuses('1')).toThrow(LabError);
  expect(() => refuses('1')).toThrow(/No system message/);
});
