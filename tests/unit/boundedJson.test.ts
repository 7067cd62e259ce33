import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseJson, smallJson, TwiceError } from '../../src/lib/boundedJson.ts';
import { waitMs } from '../patience.ts';

const few = { depth: 2, keys: 3, containers: 4, values: 8 };

it('reads what JSON.parse reads, and refuses what it refuses', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const all = { depth: 100, keys: 1e6, containers: 1e6, values: 1e6 };
      expect(parseJson(text, all, { python: true })).toEqual(JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '1', 'a', ' ')),
      (pieces) => {
        const text = pieces.join('');
        const either = (read: () => unknown): unknown => {
          try {
            return { read: read() };
          } catch {
            return 'refused';
          }
        };
        expect(either(() => parseJson(text, smallJson))).toEqual(either(() => JSON.parse(text)));
      },
    ),
    { numRuns: 2000 },
  );
});

it.each([
  ['[[1]]', '[[[1]]]', 'more than 2 deep'],
  ['{"a":1,"b":2,"c":3}', '{"a":1,"b":2,"c":3,"d":4}', 'more than 3 keys'],
  ['[[],[],[]]', '[[],[],[],[]]', 'more than 4 lists and objects'],
  ['[1,2,3,4,5,6,7,8,9]', '[1,2,3,4,5,6,7,8,9,10]', 'more than 8 values'],
])('%s is read, %s is refused', (within, beyond, words) => {
  expect(parseJson(within, few)).toEqual(JSON.parse(within));
  expect(() => parseJson(beyond, few)).toThrow(words);
});

it('what Python calls numbers is text, where it was none', () => {
  const text = String.raw`[NaN,-Infinity,Infinity,"NaN","\"Infinity","\\",NaN,{"NaN":-1}]`;
  expect(parseJson(text, smallJson, { python: true })).toEqual([
    'NaN',
    '-Infinity',
    'Infinity',
    'NaN',
    '"Infinity',
    '\\',
    'NaN',
    { NaN: -1 },
  ]);
  expect(() => parseJson(text, smallJson)).toThrow(SyntaxError);
});

it('a key twice in one object is refused where it must not be', () => {
  const unique = (text: string) => parseJson(text, smallJson, { unique: true });
  for (const text of ['{"a":1,"a":2}', String.raw`{"a":1,"\u0061":2}`, '[{"b":{"a":1,"c":[],"a":1}}]']) {
    expect(() => unique(text)).toThrow(TwiceError);
    expect(parseJson(text, smallJson)).toEqual(JSON.parse(text));
  }
  const twins = '[{"a":{"a":"a"}},{"a":1}]';
  expect(unique(twins)).toEqual(JSON.parse(twins));
});

it('looks at a text in time linear in its length, whatever it is', () => {
  const long = { depth: 64, keys: 1e9, containers: 1e9, values: 1e9 };
  for (const piece of ['"', '\\', '"x\\"', '\\\\"', 'NaN', '{', '[],', '{"a":', '"a":"b",', ' ']) {
    const begin = performance.now();
    expect(() =>
      parseJson(`["${piece.repeat(2e6 / piece.length)}`, long, { python: true, unique: true }),
    ).toThrow();
    // Quadratic, two million characters would take hours.
    expect(performance.now() - begin).toBeLessThan(waitMs);
  }
});
