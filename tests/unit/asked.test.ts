import { expect, it } from 'vitest';
import { answerOverlap, askedFigures, promptFigures } from '../../src/diagnostics/asked.ts';

const flat = (...lengths: number[]) => lengths.map((length, i) => new Float32Array(length).fill(i + 1));

const first = { answers: ['4', '4', '5', null], solution: '5', entropies: flat(1, 1, 1, 1), ended: 3 };
const second = { answers: ['7', '7', '7', '7'], solution: '7', entropies: flat(2, 2, 2, 2), ended: 4 };
const third = { answers: ['4', '4', '4', '9'], solution: null, entropies: flat(1, 3, 1, 1), ended: 4 };

it('a prompt: its vote, how far it is agreed on, and whether it is right', () => {
  expect(promptFigures(first)).toEqual({
    ...{ vote: '4', agreement: 0.5, distinct: 2, noAnswer: 0.25 },
    ...{ entropy: 2.5, accuracy: 0.25, voteRight: false },
  });
  // Entropy is over tokens: 1 + 3 · 2 + 3 + 4 over six of them.
  expect(promptFigures(third)).toMatchObject({ vote: '4', agreement: 0.75, accuracy: NaN, voteRight: null });
  expect(promptFigures(third).entropy).toBeCloseTo((1 + 3 * 2 + 3 + 4) / 6, 12);
});

it('all prompts: what a vote would pay beyond what is right, over those with a solution', () => {
  const all = askedFigures([first, second, third]);
  expect(all.agreement).toBeCloseTo((0.5 + 1 + 0.75) / 3, 12);
  expect(all.unanimous).toBeCloseTo(1 / 3, 12);
  expect(all.noAnswer).toBeCloseTo(0.25 / 3, 12);
  expect(all.tokens).toBeCloseTo(18 / 12, 12);
  expect(all.truncated).toBeCloseTo(1 / 12, 12);
  // Of the votes 4, 7, 4.
  expect(all.topLabelShare).toBeCloseTo(2 / 3, 12);
  expect(all.accuracy).toBeCloseTo((0.25 + 1) / 2, 12);
  expect(all.voteAccuracy).toBeCloseTo(0.5, 12);
  // Of the tokens' means 2.5, 2.5 and 14 ÷ 6.
  expect(all.entropy).toBeCloseTo((2.5 + 2.5 + 14 / 6) / 3, 12);
  expect(all.passAny).toBe(1);
  expect(askedFigures([first, { ...first, solution: '9' }]).passAny).toBe(0.5);
  expect(all.selfDeception).toBeCloseTo((0.5 + 1) / 2 - (0.25 + 1) / 2, 12);
});

it('all prompts: by the figures of each where they are there already', () => {
  const each = [first, second, third].map(promptFigures);
  expect(askedFigures([first, second, third], each)).toEqual(askedFigures([first, second, third]));
  const sure = each.map((figures) => ({ ...figures, agreement: 1 }));
  expect(askedFigures([first, second, third], sure).unanimous).toBe(1);
});

it('without solutions there is no truth to tell', () => {
  const { accuracy, selfDeception, agreement } = askedFigures([third]);
  expect([accuracy, selfDeception]).toEqual([NaN, NaN]);
  expect(agreement).toBe(0.75);
});

it('answer overlap: 1 where two models answer alike, 0 where never', () => {
  const of = (...answers: (string | null)[]) => ({ answers });
  expect(answerOverlap([of('1', '1', '1')], [of('1', '1', '1')])).toBeCloseTo(1, 12);
  expect(answerOverlap([of('1', '1')], [of('2', '2')])).toBe(0);
  // Of one completion there are no pairs.
  expect(answerOverlap([of('1')], [of('1')])).toBeNaN();
  expect(answerOverlap([of('1', '1')], [of('1', '2')])).toBeNaN();
  // C_qk = 2 of 4, C_qq = 0 of 2 · 1.
  expect(answerOverlap([of('1', '2')], [of('1', '1')])).toBeNaN();
  // C_qk = 4 ÷ 6, C_qq = 1, C_kk = 2 ÷ 6.
  expect(answerOverlap([of('1', '1')], [of('1', '1', '2')])).toBeCloseTo(4 / 6 / Math.sqrt(2 / 6), 12);
});
