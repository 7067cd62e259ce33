import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import type { Finding } from '../../src/diagnostics/judge.ts';
import { mostSentences } from '../../src/diagnostics/signal.ts';
import type { Alarm } from '../../src/store/lanes.ts';
import type { WatchedRun } from '../../src/store/watch.ts';
import { Alarms } from '../../src/ui/watch/RunCard.tsx';
import { Evidence } from '../../src/ui/watch/VerdictDetails.tsx';

const words = (page: string): string => page.replaceAll(/<[^>]+>/g, '');

it('the sentence of an alarm that lasted says of which step it is, as others may be said of the newest', () => {
  const alarm = (step: number, until: number): Alarm => ({
    ...{ step, until, state: 'watch', reason: '32 % of the completions run into the limit.' },
  });
  const told = (given: Alarm, said = '') =>
    words(renderToString(createElement(Alarms, { alarms: [given], said })));
  expect(told(alarm(298, 300))).toContain(
    'from step 298 to 300At step 298: 32 % of the completions run into the limit.',
  );
  expect(told(alarm(300, 300))).toContain('at step 30032 % of');
  expect(told(alarm(298, 300), '32 % of the completions run into the limit. More.')).not.toContain('32 %');
});

it('what a verdict rests on is listed of what is said of it, and of nothing else', () => {
  const run = { mapping: {} } as WatchedRun;
  const findings = Array.from({ length: mostSentences + 2 }, (_, at): Finding => ({
    ...{ name: 'far', metrics: ['policy/kl_ref'], from: at, to: 9, sentence: `Sentence ${String(at)}` },
  }));
  const page = renderToString(createElement(Evidence, { run, findings }));
  expect(page.match(/<li/g)).toHaveLength(mostSentences);
});
