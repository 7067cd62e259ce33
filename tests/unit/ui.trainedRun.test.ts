import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import type { TrainedRun } from '../../src/asking/protocol.ts';
import { TrainedRunView } from '../../src/ui/model/TrainedRunView.tsx';

const run: TrainedRun = {
  ...{ name: 'mine', doing: 'training', done: 0, all: 0, step: 3, steps: 9, miss: null, stepSeconds: 1 },
  ...{ kept: null, forkable: [], failed: null, refused: null, heldBytes: 0, based: true },
};

it('an adapter is compared with its base where no steps are made, and why not meanwhile is said', () => {
  const button = (change: Partial<TrainedRun>) => {
    const page = renderToString(createElement(TrainedRunView, { run: { ...run, ...change } }));
    const [, attributes = ''] = /<button ([^>]*)>Compare with the base/.exec(page) ?? [];
    return { disabled: /\bdisabled=/.test(attributes), title: /title="([^"]*)"/.exec(attributes)?.[1] };
  };
  const beside = 'As a second folder, to be asked beside its base';
  const meanwhile = 'Pause or stop the run first: no folder is opened while steps are made';
  expect(button({})).toEqual({ disabled: true, title: meanwhile });
  expect(button({ doing: 'compiling' })).toEqual({ disabled: true, title: meanwhile });
  expect(button({ doing: 'paused' })).toEqual({ disabled: false, title: beside });
  expect(button({ doing: 'ended', kept: 3 })).toEqual({ disabled: false, title: beside });
  expect(button({ doing: 'ended' })).toEqual({ disabled: true, title: beside });
});
