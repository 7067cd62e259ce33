import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { answersOf, figuresOf } from '../../src/asking/answers.ts';
import { nothing, type Between } from '../../src/asking/protocol.ts';
import { asked } from '../../src/store/asked.ts';
import { Results } from '../../src/ui/model/Results.tsx';

it('a comparison that was stopped says so in the place of a number', () => {
  const prompts = [{ prompt: 'What?', solution: null }];
  const answers = ['a', 'b'].map((name) => ({
    name,
    form: null,
    ...figuresOf(answersOf([], prompts, undefined)),
  }));
  const words = (between: Between) => {
    const begins = vi
      .spyOn(asked, 'getInitialState')
      .mockReturnValue({ ...nothing, prompts, answers, between });
    const page = renderToString(createElement(Results));
    begins.mockRestore();
    return /<p class="between">(.*?)<\/p>/.exec(page)?.[1];
  };
  const both = 'a and b: answer overlap .50 (1: they answer alike)';
  expect(words({ overlap: 0.5, forth: null, back: null })).toBe(
    `${both}. Stopped: KL between them is not known.`,
  );
  expect(words({ overlap: 0.5, forth: 0.25, back: null })).toMatch(
    /; KL\(a ‖ b\) \S+ nats a token, on the completions of a\. Stopped: KL the other way round is not known\.$/,
  );
  expect(words({ overlap: 0.5, forth: 0.25, back: 0.5 })).toMatch(
    /; KL\(a ‖ b\) \S+, KL\(b ‖ a\) \S+ nats a token, each on its own completions\.$/,
  );
});
