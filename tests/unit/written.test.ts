import { expect, it } from 'vitest';
import { planAdapterRun } from '../../src/asking/adapterRun.ts';
import { openAsked } from '../../src/asking/model.ts';
import { writerFor } from '../../src/asking/written.ts';
import { pretrainedFolder } from '../../src/cli/pretrainedFolder.ts';
import { defaultAdapter } from '../../src/settings/adapterKnobs.ts';
import { validateSettings } from '../../src/settings/settings.ts';

const path = 'public/models/sort-64-early';
const base = await openAsked(pretrainedFolder(path), path);
const { tokenizer } = base;
const chat = { from: 'tokenizer_config.json', source: '{{ messages[0].content }}==', tokens: {} };

it('prompts are written as they are, in a text of one’s own, or in the folder’s template', async () => {
  const asTheyAre = await writerFor(base, null);
  expect(asTheyAre('53=')).toEqual({ text: '53=', ids: tokenizer.encode('53=') });
  const own = await writerFor(base, '{prompt}={prompt}');
  // What a replacement would take for a pattern is text.
  const any = { ...tokenizer, encode: () => [1] };
  expect((await writerFor({ ...base, tokenizer: any }, '{prompt}={prompt}'))('5$&').text).toBe('5$&=5$&');
  expect(own('53').ids).toEqual(tokenizer.encode('53=53'));
  const ofFolder = await writerFor({ ...base, chat }, 'chat');
  expect(ofFolder('53')).toEqual({ text: '53==', ids: tokenizer.encode('53==', true) });
});

it('a text without a place for the prompt is refused, and so is a template that the folder lacks', async () => {
  await expect(writerFor(base, 'Q: prompt')).rejects.toMatchObject({
    code: 'bad-setting',
    message: 'The template "Q: prompt" has no place for the prompt.',
  });
  await expect(writerFor({ ...base, chat: null }, 'chat')).rejects.toMatchObject({
    code: 'bad-setting',
    message: expect.stringMatching(/has no chat template\.$/) as string,
  });
});

it('a prompt with a token that the model has none for is refused, with its number', async () => {
  const { vocabulary } = base.model.config;
  for (const [token, named] of [
    [vocabulary, String(vocabulary)],
    [undefined, 'undefined'],
  ] as const) {
    const foreign = { ...tokenizer, encode: () => [1, token as number] };
    const write = await writerFor({ ...base, tokenizer: foreign }, null);
    expect(() => write('53=')).toThrow(
      `gives token ${named} for the prompt "53=", but the model has ${vocabulary}.`,
    );
  }
  const last = { ...tokenizer, encode: () => [vocabulary - 1] };
  expect((await writerFor({ ...base, tokenizer: last }, null))('53=').ids).toEqual([vocabulary - 1]);
});

it('a run is trained on prompts as they are written, with the tokens that the template gives', async () => {
  const settings = validateSettings({ algorithm: 'srt' });
  const prompts = ['5314', '9081', '6635'].map((prompt) => ({ prompt, solution: null }));
  const from = { called: 'base', path, prompts, from: null };
  const run = await planAdapterRun(
    { ...from, base, choice: { ...defaultAdapter, template: '{prompt}=' } },
    settings,
  );
  const written = [...(run.task.listed?.training ?? []), ...(run.task.listed?.heldOut ?? [])];
  expect(written.map(({ prompt }) => prompt).sort()).toEqual(['5314=', '6635=', '9081=']);
  expect(run.tokenizer.encode('5314=')).toEqual(tokenizer.encode('5314='));
  // A template names its special tokens itself: none is put before them.
  const marked = { ...tokenizer, encode: (text: string, bare = false) => (bare ? [1, text.length] : [9, 9]) };
  const chatted = await planAdapterRun(
    { ...from, base: { ...base, chat, tokenizer: marked }, choice: { ...defaultAdapter, template: 'chat' } },
    settings,
  );
  expect(chatted.tokenizer.encode('5314==')).toEqual([1, 6]);
});
