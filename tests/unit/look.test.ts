import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeLook, encodeLook, type Look, plainLook } from '../../src/store/look.ts';

const step = fc.integer({ min: 0, max: 9_999_999 });
const looks: fc.Arbitrary<Look> = fc.record({
  presenting: fc.boolean(),
  pinned: fc.option(step),
  zoom: fc.option(
    fc
      .tuple(step, step)
      .filter(([from, to]) => from < to)
      .map(([from, to]) => ({ from, to })),
  ),
  truthHidden: fc.boolean(),
});

it('a look comes back from its link as it was', () => {
  fc.assert(
    fc.property(looks, (look) => {
      expect(decodeLook(encodeLook(look))).toEqual(look);
    }),
  );
  expect(encodeLook(plainLook)).toBe('');
});

it('passes over nonsense, and takes what stands beside it', () => {
  expect(decodeLook('step=-1/zoom=9-3/hide=all/PRESENT/<script>')).toEqual(plainLook);
  expect(decodeLook('zoom=3-/step=7')).toEqual({ ...plainLook, pinned: 7 });
  expect(decodeLook('step=1e3/step=99999999/zoom=1-2-3')).toEqual({ ...plainLook, zoom: { from: 1, to: 2 } });
});
