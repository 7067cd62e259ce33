import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import { readTextFile } from '../../src/cli/readInput.ts';
import type { OwnFlags } from '../../src/settings/arguments.ts';
import { flagHelp, flagOf, inFlags, parseFlags, refuseIneffective } from '../../src/settings/flags.ts';
import { hyperparameterKeys } from '../../src/settings/hyperparameters.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { allowedValue } from './settingValues.ts';

const own: OwnFlags = {
  preset: { type: 'string', value: 'name', help: 'What to train.' },
  json: { type: 'boolean', help: 'Summary alone.' },
};

const parse = (args: readonly string[]) => parseFlags(args, own, readTextFile);

function remedyOf(args: readonly string[]): string {
  try {
    parse(args);
  } catch (error) {
    if (error instanceof LabError) return error.remedy;
  }
  return '';
}

describe.each(hyperparameterKeys)('%s', (key) => {
  it('has a flag that is read back, and a line of help', () => {
    // The id of an algorithm stands before a knob of its own.
    expect(flagOf(key)).toMatch(/^([a-z][a-z0-9-]*\.)?[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(flagHelp(own)).toContain(`--${flagOf(key)} <`);
    fc.assert(
      fc.property(allowedValue(key), fc.boolean(), (value, joined) => {
        const [flag, text] = [`--${flagOf(key)}`, String(value)];
        // Texts that look like a flag or a file are given as a file, or joined to their flag.
        fc.pre(!(joined ? /^(--|@)/ : /^(--|@|-[^\d.])/).test(text));
        const { changes } = parse(joined ? [`${flag}=${text}`] : [flag, text]);
        expect(changes).toEqual({ [key]: value });
      }),
    );
  });
});

it('keeps the command’s own flags apart', () => {
  const { changes, own: given } = parse(['--json', '--preset', 'duel', '--steps', '30']);
  expect(changes).toEqual({ steps: 30 });
  expect([...given]).toEqual([
    ['json', true],
    ['preset', 'duel'],
  ]);
  expect(flagHelp(own)).toContain('--preset <name>');
});

it.each([
  [['--learning-rat', '1'], 'no flag "--learning-rat"'],
  [['--steps', '0'], "--steps can't be 0: it must be a whole number from 1 to 100000"],
  [['--steps', '-3'], "--steps can't be -3"],
  [['--steps', 'NaN'], '--steps can\'t be "NaN"'],
  [['--steps'], '--steps has no value'],
  [['--steps', '--json'], '--steps has no value'],
  [['--algorithm', 'ppo'], 'one of '],
  [['--json=1'], '--json takes no value'],
  [['300'], 'Unexpected "300"'],
  [['-s', '3'], 'no flag "-s"'],
  [['--', '3'], 'no flag "--"'],
  [['--constructor', '3'], 'no flag "--constructor"'],
  [['--steps', '5', '--steps=6'], '--steps is given more than once'],
  [['--json', '--json'], '--json is given more than once'],
  [['--learning-rate', '1.2.3'], '--learning-rate can\'t be "1.2.3"'],
  [['--learning-rate', '1e999'], '--learning-rate can\'t be "1e999"'],
  [['--prompts', '@/dev/zero'], '--prompts "@/dev/zero" can\'t be read: it is no regular file'],
  [['--prompts', '@'], '--prompts "@" can\'t be read: there is no such file'],
])('%j is refused in words', (args, sentence) => {
  expect(() => parse(args)).toThrow(sentence);
});

it('echoes no more than a line of what it is given, and nothing that a terminal obeys', () => {
  const long = `\u001b[31m${'x'.repeat(1e6)}`;
  for (const args of [
    [long],
    [`--${long}`],
    [`--${long}=3`],
    [`-${long}`],
    [`--json=${long}`],
    ['--steps', long],
    ['--algorithm', long],
    ['--monitor-anchor', long],
    ['--prompts', `@${long}`],
    ['--prompts', `@/${'x/'.repeat(3000)}`],
    ['--model', '\u202e'],
  ]) {
    try {
      parse(args);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(LabError);
      const { message, remedy } = error as LabError;
      expect(`${message} ${remedy}`).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(message.length + remedy.length).toBeLessThan(500);
    }
  }
});

it('a rule between knobs is told in flags', () => {
  try {
    validateSettings({ evalMajorityPrompts: 30, evalPrompts: 20 });
    expect.unreachable();
  } catch (error) {
    const { message, remedy } = inFlags(error as LabError);
    expect(message).toBe('--eval-majority-prompts is 30, but there are 20 held-out prompts.');
    expect(remedy).toBe('Lower --eval-majority-prompts or raise --eval-prompts.');
  }
});

it('a knob of an algorithm is told by its flag, too', () => {
  expect(() => parse(['--ttrl.votes', '1'])).toThrow("--ttrl.votes can't be 1: it must be a whole number");
});

it('hints at a decimal comma', () => {
  expect(remedyOf(['--learning-rate', '0,05'])).toBe('Numbers are written with a point: 0.05.');
  expect(remedyOf(['--temperature', ',5'])).toBe('Numbers are written with a point: .5.');
  expect(remedyOf(['--steps', '1,000'])).toBe('Numbers are written with a point: 1000.');
  expect(remedyOf(['--learning-rate', '0,0,5'])).toContain('Its default is');
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
