import { expect, it } from 'vitest';
import { Visits } from '../../src/diagnostics/visits.ts';

const said = (prompt: string, ...answers: (string | null)[]) => ({ prompt, answers });

it('says what changed since a prompt was there last, and nothing of a new one', () => {
  const visits = new Visits();
  expect(visits.add([said('2+2', '4', '4'), said('3+3', '6', '7')])).toEqual({
    'visit/majority_flips': NaN,
    'visit/answer_overlap': NaN,
  });
  // The vote on 2+2 goes from 4 to 5; 9+9 is new. No answer is that of before.
  expect(visits.add([said('2+2', '5', '5'), said('9+9', '18', '18')])).toEqual({
    'visit/majority_flips': 1,
    'visit/answer_overlap': 0,
  });
  // Back: 2+2 as the second time, 3+3 as the first. C_qk = (4 ÷ 4 + 2 ÷ 4) ÷ 2, C_qq = C_kk = (1 + 0) ÷ 2; before: 0, 1, 1.
  const third = visits.add([said('2+2', '5', '5'), said('3+3', '6', '7')]);
  expect(third['visit/majority_flips']).toBe(0);
  expect(third['visit/answer_overlap']).toBeCloseTo(0.75 / 1.5, 12);
  expect(visits.add([])['visit/majority_flips']).toBeNaN();
});
