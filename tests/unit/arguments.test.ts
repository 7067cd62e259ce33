import { describe, expect, it } from 'vitest';
import { LabError } from '../../src/lib/labError.ts';
import {
  numberOf,
  type OwnFlags,
  ownHelp,
  readArguments,
  unknownFlag,
} from '../../src/settings/arguments.ts';
import { inLabels, typeset } from '../../src/settings/wording.ts';

/** What is refused, and what to do. */
function refusalOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof LabError) return [error.code, error.message, error.remedy];
    throw error;
  }
  return expect.fail('nothing is refused');
}
const badSetting = (message: string, remedy: string): readonly string[] => ['bad-setting', message, remedy];

const flags: OwnFlags = {
  out: { type: 'string', value: 'file', help: 'where to' },
  from: { type: 'string', help: 'where from' },
  force: { type: 'boolean', help: 'over what is there' },
};

describe('a command line', () => {
  it('is flags and words in any order, as many words as are asked for', () => {
    const {
      flags: given,
      words,
      more,
    } = readArguments(['one', '--out', 'a b', '--force', 'two', '--from', '-5'], flags, [
      'the first',
      'the second',
    ]);
    expect([...given]).toEqual([
      ['out', 'a b'],
      ['force', true],
      ['from', '-5'],
    ]);
    expect([words, more]).toEqual([['one', 'two'], []]);
    const open = readArguments(['one', 'two', 'three'], flags, ['the first'], { open: true });
    expect([open.words, open.more]).toEqual([['one'], ['two', 'three']]);
    expect([...readArguments(['--from=-x'], flags, []).flags]).toEqual([['from', '-x']]);
  });

  it.each<[string, readonly string[], readonly string[], string, string]>([
    ['a word where none is', ['stray'], [], 'Unexpected "stray".', 'Flags are written --flag value.'],
    [
      'a word too many',
      ['1', '2', '3'],
      ['the file', 'the place'],
      'Unexpected "3".',
      'Give the file, then the place, and nothing else.',
    ],
    [
      'a word too few',
      ['1'],
      ['the file', 'the place'],
      'This command needs the place.',
      'Give the file, then the place.',
    ],
    ['a flag nobody knows', ['--fore', '1'], [], 'There is no flag "--fore".', 'Did you mean --force?'],
    ['letters behind a dash', ['-x'], [], 'There is no flag "-x".', 'It knows --out, --from, --force.'],
    ['two dashes alone', ['--'], [], 'There is no flag "--".', 'It knows --out, --from, --force.'],
    [
      'one given twice',
      ['--out', 'a', '--out', 'b'],
      [],
      '--out is given more than once.',
      'Leave out all but one.',
    ],
    [
      'a value where none is',
      ['--force=yes'],
      [],
      '--force takes no value, but got "yes".',
      'Write --force alone.',
    ],
    ['no value at the end', ['--out'], [], '--out has no value.', 'Write --out and file.'],
    [
      'another flag for a value',
      ['--from', '--force'],
      [],
      '--from has no value.',
      'Write --from and a value.',
    ],
  ])('%s is refused', (_, argv, words, message, remedy) => {
    expect(refusalOf(() => readArguments(argv, flags, words))).toEqual(badSetting(message, remedy));
  });

  it('a flag that nobody knows: what it may mean, or what there is', () => {
    const many = Array.from({ length: 13 }, (_, i) => `flag${String(i)}`);
    expect(unknownFlag('--zzz', []).remedy).toBe('This command has none.');
    expect(unknownFlag('--zzz', ['out', 'from']).remedy).toBe('It knows --out, --from.');
    expect(unknownFlag('--zzz', many.slice(1)).remedy).toMatch(/^It knows --flag1, /);
    expect(unknownFlag('--zzz', many).remedy).toBe('See --help for all flags.');
    expect(unknownFlag('--ouf', ['out', 'from']).remedy).toBe('Did you mean --out?');
  });

  it('helps with a line for each flag, its value in angles', () => {
    expect(ownHelp(flags)).toEqual([
      `  ${'--out <file>'.padEnd(36)} where to`,
      `  ${'--from'.padEnd(36)} where from`,
      `  ${'--force'.padEnd(36)} over what is there`,
    ]);
  });
});

describe('the number of a flag', () => {
  const read = (text: string, whole = false): number =>
    numberOf('share', text, { range: [-10, 2000], whole });

  it.each<[string, number]>([
    ['5', 5],
    ['-10', -10],
    ['+7', 7],
    ['2000', 2000],
    ['.5', 0.5],
    ['1.25', 1.25],
    [' 3 ', 3],
    ['1e3', 1000],
    ['25e-1', 2.5],
    ['1E+2', 100],
  ])('%s', (text, value) => {
    expect(read(text)).toBe(value);
  });

  it.each([
    '',
    ' ',
    'x',
    '5x',
    'x5',
    '0x10',
    '1,5',
    '1.2.3',
    '.',
    '-',
    'e3',
    '1e',
    '1ex',
    'Infinity',
    '-10.1',
    '2000.1',
  ])('not %j', (text) => {
    expect(refusalOf(() => read(text))).toEqual(
      badSetting(`--share can't be "${text}".`, 'Give a number from -10 to 2000.'),
    );
  });

  it('is whole where only a whole one means something', () => {
    expect([read('3', true), read('3.0', true), read('1e2', true)]).toEqual([3, 3, 100]);
    expect(refusalOf(() => read('2.5', true))).toEqual(
      badSetting('--share can\'t be "2.5".', 'Give a whole number from -10 to 2000.'),
    );
  });
});

it('a refusal names knobs as the page does, in its quotes and apostrophes, and leaves what it quotes as it is', () => {
  const cause = new Error('why');
  const error = inLabels(
    new LabError('bad-setting', '`groupSize` can\'t be "can\'t `be`"', 'Raise `anchorShare`.', cause),
  );
  expect([error.code, error.message, error.remedy, error.cause]).toEqual([
    ...['bad-setting', '“Group size G” can’t be "can\'t `be`"', 'Raise “Anchor share N/G”.', cause],
  ]);
  // Of a link as the link has it.
  expect(typeset("`2.learningRate` can't be 2")).toBe('“2.learningRate” can’t be 2');
});
