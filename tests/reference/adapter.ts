import { at, type Numbers } from './indexing.ts';

// Factors of an adapter, one pair a part of a product: A [rank, inputs], B transposed [rank, outputs].

/** t[r,i] = Σ_k m[i,k]·x[r, column + k]. x [rows, width of x], m [rank, width]. */
export function into(
  x: Numbers,
  m: Numbers,
  of: {
    readonly rows: number;
    readonly xWidth: number;
    readonly column: number;
    readonly rank: number;
    readonly width: number;
  },
): Float64Array {
  const t = new Float64Array(of.rows * of.rank);
  for (let r = 0; r < of.rows; r++) {
    for (let i = 0; i < of.rank; i++) {
      let sum = 0;
      for (let k = 0; k < of.width; k++)
        sum += at(m, i * of.width + k) * at(x, r * of.xWidth + of.column + k);
      t[r * of.rank + i] = sum;
    }
  }
  return t;
}

/** Σ_i m[i,n]·t[r,i]. t [rows, rank], m [rank, width]; [rows, width] */
export function out(t: Numbers, m: Numbers, rows: number, rank: number, width: number): Float64Array {
  const y = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < width; n++) {
      let sum = 0;
      for (let i = 0; i < rank; i++) sum += at(m, i * width + n) * at(t, r * rank + i);
      y[r * width + n] = sum;
    }
  }
  return y;
}

/** dm[i,k] = Σ_r t[r,i]·x[r, column + k], of a factor [rank, width]. t [rows, rank], x [rows, xWidth] */
export function gradient(
  t: Numbers,
  x: Numbers,
  of: {
    readonly rows: number;
    readonly xWidth: number;
    readonly column: number;
    readonly rank: number;
    readonly width: number;
  },
): Float64Array {
  const dm = new Float64Array(of.rank * of.width);
  for (let r = 0; r < of.rows; r++) {
    for (let i = 0; i < of.rank; i++) {
      for (let k = 0; k < of.width; k++) {
        const d = at(t, r * of.rank + i) * at(x, r * of.xWidth + of.column + k);
        dm[i * of.width + k] = at(dm, i * of.width + k) + d;
      }
    }
  }
  return dm;
}
