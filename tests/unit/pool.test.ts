import { expect, it } from 'vitest';
import { policyAlone, withAnchor } from '../../src/rl/pool.ts';

it('shares out a group of 10: the anchor has its share, rounded, and the policy the rest', () => {
  const of = (anchorShare: number) => withAnchor({ groupSize: 10, anchorShare });
  expect(of(0.25)).toEqual({ M: 7, V: 0, N: 3 });
  expect(of(0.24)).toEqual({ M: 8, V: 0, N: 2 });
  expect(of(0)).toEqual(policyAlone({ groupSize: 10, anchorShare: 0.5 }));
  expect(of(0)).toEqual({ M: 10, V: 0, N: 0 });
  expect(of(1)).toEqual({ M: 0, V: 0, N: 10 });
});
