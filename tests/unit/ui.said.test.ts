import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { nothing, type ShownCompletion } from '../../src/asking/protocol.ts';
import { asked } from '../../src/store/asked.ts';
import { Said } from '../../src/ui/model/Said.tsx';

const completion = (tokens: number): ShownCompletion => ({
  pieces: Array.from({ length: 2 }, () => 'a'),
  entropies: Array.from({ length: tokens }, (_, i) => i / tokens),
  logProbs: [],
  ...{ text: 'a', answer: '1', truncated: false },
});

it('completions of any number of tokens are shown', () => {
  // A call takes some hundred thousand arguments at most.
  const tokens = 300_000;
  const state = {
    ...nothing,
    prompts: [{ prompt: 'What?', solution: null }],
    shown: {
      prompt: 0,
      said: [{ name: 'mine', vote: '1', completions: [completion(tokens)], count: 70, answers: ['1'] }],
    },
  };
  // What is rendered without a browser is what a store begins with.
  const begins = vi.spyOn(asked, 'getInitialState').mockReturnValue(state);
  const page = renderToString(createElement(Said)).replaceAll('<!-- -->', '');
  begins.mockRestore();
  expect(page).toMatch(/up to 1(\.0+)? nats/);
  expect(page).toContain('The first 1 of 70 are shown; all of them vote.');
});
