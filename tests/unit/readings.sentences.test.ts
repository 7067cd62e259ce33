import { describe, expect, it } from 'vitest';
import { anySignals } from '../../src/diagnostics/readings.ts';
import { percent, readable, type Signal } from '../../src/diagnostics/signal.ts';
import type { MetricId } from '../../src/spec/metrics.ts';

const ruleOf = (name: string, metric: MetricId, compared?: string): Signal =>
  anySignals.find(
    (signal) =>
      signal.name === name && signal.metric === metric && (compared ?? signal.compared) === signal.compared,
  ) ?? expect.fail(name);

describe('sentences', () => {
  const say = (signal: Signal, value: number, start = NaN): string =>
    signal.alarm({ value, start, also: NaN, since: 7, names: '' });

  it.each<[string, Signal, [number, number?], string]>([
    [
      'a tiny part',
      ruleOf('sharpened', 'policy/entropy'),
      [0.0125, 0.5],
      'Entropy has fallen to 1/40 of its start, from 0.50 to 0.013 nats: hardly anything is tried any more',
    ],
    [
      'a part that is no round one',
      ruleOf('sharpened', 'policy/entropy'),
      [0.01, 0.254],
      'Entropy has fallen to 1/25 of its start, from 0.25 to 0.010 nats: hardly anything is tried any more',
    ],
    [
      'a millionth',
      ruleOf('sharpened', 'policy/entropy'),
      [1e-7, 0.5],
      'Entropy has fallen to 1/5.0e6 of its start, from 0.50 to 1.0e−7 nats: hardly anything is tried any more',
    ],
    [
      'nothing',
      ruleOf('sharpened', 'policy/entropy'),
      [0, 0.5],
      'Entropy has fallen to nothing of its start, from 0.50 to 0.00 nats: hardly anything is tried any more',
    ],
    ['KL', ruleOf('far', 'policy/kl_ref', 'typical'), [250], 'KL is 250.0 nats'],
    [
      'the loss',
      ruleOf('steep', 'optim/loss'),
      [1234, 0.5],
      'The loss has grown to 1,234, from 0.50 at the start',
    ],
    [
      'lengths',
      ruleOf('short', 'completion/length'),
      [40, 200],
      'Completions have shrunk to 40.0 tokens, from 200.0 at the start',
    ],
    [
      'no group',
      ruleOf('no gradient', 'reward/zero_std_groups'),
      [0.9995],
      'No group has had a gradient since step 7: their rewards are equal, and nothing is learned',
    ],
    [
      'hardly one',
      ruleOf('no gradient', 'reward/zero_std_groups'),
      [0.9994],
      'Hardly a group has had a gradient since step 7: their rewards are equal, and nothing is learned',
    ],
    [
      'every completion',
      ruleOf('endless', 'completion/truncated'),
      [0.9995],
      'Every completion runs into the limit',
    ],
    [
      'nearly every one',
      ruleOf('endless', 'completion/truncated'),
      [0.96],
      '96 % of the completions run into the limit',
    ],
  ])('%s', (_, signal, [value, start], sentence) => {
    expect(say(signal, value, start)).toBe(sentence);
  });

  it('figures of any size', () => {
    expect(
      [0, 1e-4, 1e-3, 0.05, 0.1, 0.35, 9.99, 10, 999.9, 1000, 999_999, 1e6, 1.6e13].map(readable),
    ).toEqual([
      ...['0.00', '1.0e−4', '0.0010', '0.050', '0.10', '0.35', '9.99', '10.0', '999.9', '1,000'],
      ...['999,999', '1.0e6', '1.6e13'],
    ]);
    expect([-17.3, -1234, -1.5e-7].map(readable)).toEqual(['−17.3', '−1,234', '−1.5e−7']);
    expect([-0.001, 0.004, 0.996].map(percent)).toEqual(['0 %', '0 %', '100 %']);
  });
});
