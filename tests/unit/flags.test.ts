import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import type { OwnFlags } from '../../src/settings/arguments.ts';
import { flagHelp, flagOf, parseFlags, refuseIneffective } from '../../src/settings/flags.ts';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { allowedValue } from './settingValues.ts';

const own: OwnFlags = {
  preset: { type: 'string', value: 'name', help: 'What to train.' },
  json: { type: 'boolean', help: 'Summary alone.' },
};

function remedyOf(args: readonly string[]): string {
  try {
    parseFlags(args, own);
  } catch (error) {
    if (error instanceof LabError) return error.remedy;
  }
  return '';
}

describe.each(hyperparameterKeys)('%s', (key) => {
  it('has a flag that is read back, and a line of help', () => {
    expect(flagOf(key)).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(flagHelp(own)).toContain(`--${flagOf(key)} <`);
    fc.assert(
      fc.property(allowedValue(key), fc.boolean(), (value, joined) => {
        const [flag, text] = [`--${flagOf(key)}`, String(value)];
        // Texts that look like a flag or a file are given as a file.
        fc.pre(!/^(--|@)/.test(text));
        const { changes } = parseFlags(joined ? [`${flag}=${text}`] : [flag, text], own);
        expect(changes).toEqual({ [key]: value });
      }),
    );
  });
});

it('keeps the command’s own flags apart', () => {
  const { changes, own: given } = parseFlags(['--json', '--preset', 'duel', '--steps', '30'], own);
  expect(changes).toEqual({ steps: 30 });
  expect([...given]).toEqual([
    ['json', true],
    ['preset', 'duel'],
  ]);
  expect(flagHelp(own)).toContain('--preset <name>');
});

it.each([
  [['--learning-rat', '1'], 'no flag "--learning-rat"'],
  [['--steps', '0'], "`steps` can't be 0: it must be a whole number from 1 to 100000"],
  [['--steps', '-3'], "`steps` can't be -3"],
  [['--steps', 'NaN'], '`steps` can\'t be "NaN"'],
  [['--steps'], '--steps has no value'],
  [['--steps', '--json'], '--steps has no value'],
  [['--algorithm', 'ppo'], 'one of '],
  [['--json=1'], '--json takes no value'],
  [['300'], 'Unexpected "300"'],
  [['-s', '3'], 'no flag "-s"'],
  [['--constructor', '3'], 'no flag "--constructor"'],
])('%j is refused in words', (args, sentence) => {
  expect(() => parseFlags(args, own)).toThrow(sentence);
});

it('suggests the nearest flags', () => {
  expect(remedyOf(['--learning-rat', '1'])).toContain('Did you mean --learning-rate');
  expect(remedyOf(['--groupSize', '1'])).toContain('--group-size');
  expect(remedyOf(['--step', '1'])).toContain('--steps');
  expect(remedyOf(['--zzzzzz', '1'])).toBe('See --help for all flags.');
});

it('refuses a flag that can have no effect, with the reason', () => {
  expect(() => {
    refuseIneffective({ clipHigh: 0.28 }, validateSettings({ clipHigh: 0.28 }));
  }).toThrow('--clip-high would have no effect. With one update per batch');
  refuseIneffective({ learningRate: 1e-3 }, defaultSettings);
  const both = { clipHigh: 0.28, updatesPerBatch: 2 };
  refuseIneffective(both, validateSettings(both));
});
