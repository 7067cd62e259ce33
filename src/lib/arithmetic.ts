/** What an arithmetic expression comes to, and the whole numbers that stand in it. */
export interface Arithmetic {
  /** Exact: "24", "-3", or a fraction in lowest terms, "7/2". */
  readonly value: string;
  readonly numbers: readonly number[];
}

/** Longer ones nobody asks for; it also bounds how deep parentheses go. */
const longest = 256;

/** How models write the operators. */
const written: readonly (readonly [RegExp, string])[] = [
  [/\\(?:left|right)|[$\s]/g, ''],
  [/\\times|\\cdot|[×·∙]/g, '*'],
  [/\\div|÷/g, '/'],
  [/[−–]/g, '-'],
];

/**
 * Reads whole numbers, + − · ÷ and parentheses, by the usual precedence; of an equation what stands before its first "=".
 * @returns null for anything else, a division by zero, and for more than 256 characters
 */
export function arithmetic(text: string): Arithmetic | null {
  const [before = ''] = text.slice(0, longest + 1).split('=', 1);
  if (before.length > longest) return null;
  const plain = written.reduce((so, [from, to]) => so.replace(from, to), before);
  const reading = new Reading(plain.match(/\d+|./gsu) ?? []);
  const value = reading.whole();
  return value === null ? null : { value: asText(value), numbers: reading.numbers };
}

/** Numerator and denominator, the latter above zero. */
type Fraction = readonly [bigint, bigint];

/** An expression, piece by piece; null is what can't be read, or has no value. */
class Reading {
  readonly numbers: number[] = [];
  readonly #pieces: readonly string[];
  #at = 0;

  constructor(pieces: readonly string[]) {
    this.#pieces = pieces;
  }

  whole(): Fraction | null {
    const value = this.#sum();
    return this.#at === this.#pieces.length ? value : null;
  }

  #takes(...operators: readonly string[]): string | null {
    const piece = this.#pieces[this.#at];
    if (piece === undefined || !operators.includes(piece)) return null;
    this.#at++;
    return piece;
  }

  #sum(): Fraction | null {
    let value = this.#product();
    for (let sign = this.#takes('+', '-'); sign !== null; sign = this.#takes('+', '-')) {
      const [next, so] = [this.#product(), value];
      if (next === null || so === null) return null;
      const added = sign === '+' ? next[0] : -next[0];
      value = [so[0] * next[1] + added * so[1], so[1] * next[1]];
    }
    return value;
  }

  #product(): Fraction | null {
    let value = this.#factor();
    for (let sign = this.#takes('*', '/'); sign !== null; sign = this.#takes('*', '/')) {
      const [next, so] = [this.#factor(), value];
      if (next === null || so === null || (sign === '/' && next[0] === 0n)) return null;
      const [up, down] = sign === '*' ? next : [next[1], next[0]];
      value = down < 0n ? [-so[0] * up, -so[1] * down] : [so[0] * up, so[1] * down];
    }
    return value;
  }

  #factor(): Fraction | null {
    if (this.#takes('-') !== null) {
      const value = this.#factor();
      return value === null ? null : [-value[0], value[1]];
    }
    if (this.#takes('(') !== null) {
      const value = this.#sum();
      return this.#takes(')') === null ? null : value;
    }
    const piece = this.#pieces[this.#at] ?? '';
    if (!/^\d+$/.test(piece)) return null;
    this.#at++;
    this.numbers.push(Number(piece));
    return [BigInt(piece), 1n];
  }
}

function asText([up, down]: Fraction): string {
  let [large, small] = [up < 0n ? -up : up, down];
  while (small !== 0n) [large, small] = [small, large % small];
  return down === large ? String(up / large) : `${String(up / large)}/${String(down / large)}`;
}
