import { add, at, expectLength, type Numbers } from './indexing.ts';

/**
 * x[r,h] = table[tokens[r], h]
 * @param table embed_tokens.weight, [V, H]
 * @param tokens [R]
 * @returns x, [R, H]
 */
export function forward(table: Numbers, tokens: Numbers, vocabulary: number, hidden: number): Float64Array {
  expectLength('table', table, vocabulary * hidden);
  const x = new Float64Array(tokens.length * hidden);
  for (let r = 0; r < tokens.length; r++) {
    for (let h = 0; h < hidden; h++) x[r * hidden + h] = at(table, at(tokens, r) * hidden + h);
  }
  return x;
}

/**
 * dtable[t,h] = Σ over rows r with tokens[r] = t of dx[r,h]
 * @returns dtable, [V, H]
 */
export function backward(dx: Numbers, tokens: Numbers, vocabulary: number, hidden: number): Float64Array {
  expectLength('dx', dx, tokens.length * hidden);
  const dtable = new Float64Array(vocabulary * hidden);
  for (let r = 0; r < tokens.length; r++) {
    for (let h = 0; h < hidden; h++) add(dtable, at(tokens, r) * hidden + h, at(dx, r * hidden + h));
  }
  return dtable;
}
