import { describe, expect, it } from 'vitest';
import { arithmetic } from '../../src/lib/arithmetic.ts';
import { randomStream, type RandomInteger } from '../../src/lib/philox.ts';

describe('an arithmetic expression', () => {
  it.each<[string, string, readonly number[]]>([
    ['3+5*8', '43', [3, 5, 8]],
    ['(3 + 5) * 8', '64', [3, 5, 8]],
    ['8-5-3', '0', [8, 5, 3]],
    ['7/2', '7/2', [7, 2]],
    ['6/4*2', '3', [6, 4, 2]],
    ['8/(3-8/3)', '24', [8, 3, 8, 3]],
    ['1/(2-5)', '-1/3', [1, 2, 5]],
    ['3-5', '-2', [3, 5]],
    ['-(2-5)*2', '6', [2, 5, 2]],
    ['3 × 4 − 2', '10', [3, 4, 2]],
    ['\\left(3 \\times 4\\right) \\div 2', '6', [3, 4, 2]],
    ['$3 \\cdot 4$', '12', [3, 4]],
    ['3*8 = 24', '24', [3, 8]],
    ['3*8 = 25', '24', [3, 8]],
    ['007', '7', [7]],
    ['99999999999999999999*10', '999999999999999999990', [1e20, 10]],
  ])('%s is %s', (text, value, numbers) => {
    expect(arithmetic(text)).toEqual({ value, numbers });
  });

  it.each([
    ...['', '+', '3+', '*3', '3 4)', '(3+4', '3+4)', '()', '3**4', '3+x', '3.5', '1e3', '2^3', 'alert(1)'],
    ...['4/0', '4/(3-3)', '= 5', '３+４', '('.repeat(300), `${'1+'.repeat(200)}1`],
  ])('%j is none', (text) => {
    expect(arithmetic(text)).toBeNull();
  });

  it('comes to what JavaScript makes of it, whatever is put in parentheses', () => {
    const random = randomStream(3, 'prompts', 0);
    for (let i = 0; i < 500; i++) {
      const { text, value, numbers } = drawn(random, 4);
      expect(arithmetic(text), text).toEqual({ value: String(value), numbers });
    }
  });

  it('is read as deep as its length allows', () => {
    expect(arithmetic(`${'('.repeat(127)}1${')'.repeat(127)}`)?.value).toBe('1');
    expect(arithmetic(`${'-'.repeat(255)}1`)?.value).toBe('-1');
  });
});

interface Drawn {
  readonly text: string;
  readonly value: number;
  readonly numbers: readonly number[];
}

/** A sum, a difference or a product of such, in parentheses. */
function drawn(random: RandomInteger, depth: number): Drawn {
  if (depth === 0 || random(4) === 0) {
    const value = random(20);
    return { text: String(value), value, numbers: [value] };
  }
  const [one, other] = [drawn(random, depth - 1), drawn(random, depth - 1)];
  const sign = ['+', '-', '*'][random(3)] ?? '+';
  const value =
    sign === '+'
      ? one.value + other.value
      : sign === '-'
        ? one.value - other.value
        : one.value * other.value + 0;
  return {
    text: `(${one.text}${' '.repeat(random(2))}${sign}${other.text})`,
    value,
    numbers: [...one.numbers, ...other.numbers],
  };
}
