import { add, at, expectLength, type Numbers } from './indexing.ts';

export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
}

/** Which rows each row attends to, [R] each: a prefix it may share with others, and its own up to itself. */
export interface AttentionRows {
  readonly prefixStart: Numbers;
  readonly prefixLength: Numbers;
  readonly ownStart: Numbers;
}

/** [prefixStart, prefixStart + prefixLength) followed by [ownStart, r]. */
function attendedRows(rows: AttentionRows, r: number): number[] {
  const attended: number[] = [];
  const first = at(rows.prefixStart, r);
  for (let j = first; j < first + at(rows.prefixLength, r); j++) attended.push(j);
  for (let j = at(rows.ownStart, r); j <= r; j++) attended.push(j);
  return attended;
}

/** The key/value head that serves query head n: heads share in consecutive runs (repeat_kv). */
function sharedHead(n: number, shape: AttentionShape): number {
  return Math.floor(n / (shape.heads / shape.keyValueHeads));
}

/** s_j = q[r,n]·k[j,kv(n)] / √D over the attended rows. */
function scores(
  q: Numbers,
  k: Numbers,
  r: number,
  n: number,
  attended: number[],
  shape: AttentionShape,
): number[] {
  const { heads, keyValueHeads, headDim: D } = shape;
  return attended.map((j) => {
    let sum = 0;
    for (let d = 0; d < D; d++) {
      sum += at(q, (r * heads + n) * D + d) * at(k, (j * keyValueHeads + sharedHead(n, shape)) * D + d);
    }
    return sum / Math.sqrt(D);
  });
}

function logSumExp(values: readonly number[]): number {
  const max = Math.max(...values);
  return max + Math.log(values.reduce((sum, value) => sum + Math.exp(value - max), 0));
}

/**
 * out[r,n] = Σ_j e^(s_j − lse) · v[j, kv(n)],   s_j = q[r,n]·k[j,kv(n)]/√D,   lse[r,n] = ln Σ_j e^(s_j)
 * @param q [R, heads·D]
 * @param k,v [R, keyValueHeads·D]
 * @returns out, [R, heads·D]; lse, [R, heads], natural logarithm
 */
export function forward(
  q: Numbers,
  k: Numbers,
  v: Numbers,
  rows: AttentionRows,
  shape: AttentionShape,
): { out: Float64Array; lse: Float64Array } {
  const { heads, keyValueHeads, headDim: D } = shape;
  const R = rows.ownStart.length;
  expectLength('q', q, R * heads * D);
  expectLength('k', k, R * keyValueHeads * D);
  expectLength('v', v, R * keyValueHeads * D);
  const out = new Float64Array(R * heads * D);
  const lse = new Float64Array(R * heads);
  for (let r = 0; r < R; r++) {
    const attended = attendedRows(rows, r);
    for (let n = 0; n < heads; n++) {
      const s = scores(q, k, r, n, attended, shape);
      const total = logSumExp(s);
      lse[r * heads + n] = total;
      attended.forEach((j, index) => {
        const weight = Math.exp(at(s, index) - total);
        for (let d = 0; d < D; d++) {
          add(
            out,
            (r * heads + n) * D + d,
            weight * at(v, (j * keyValueHeads + sharedHead(n, shape)) * D + d),
          );
        }
      });
    }
  }
  return { out, lse };
}

/**
 * With p_j = e^(s_j − lse), dp_j = dout·v_j:   dv_j += p_j·dout,   ds_j = p_j·(dp_j − Σ_i p_i·dp_i),
 * dq += ds_j·k_j/√D,   dk_j += ds_j·q/√D
 * @param dout [R, heads·D]
 * @returns dq, [R, heads·D]; dk and dv, [R, keyValueHeads·D]
 */
export function backward(
  dout: Numbers,
  q: Numbers,
  k: Numbers,
  v: Numbers,
  rows: AttentionRows,
  shape: AttentionShape,
): { dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  const { heads, keyValueHeads, headDim: D } = shape;
  const R = rows.ownStart.length;
  expectLength('dout', dout, R * heads * D);
  const dq = new Float64Array(q.length);
  const dk = new Float64Array(k.length);
  const dv = new Float64Array(v.length);
  for (let r = 0; r < R; r++) {
    const attended = attendedRows(rows, r);
    for (let n = 0; n < heads; n++) {
      const queryAt = (r * heads + n) * D;
      const keyAt = (j: number): number => (j * keyValueHeads + sharedHead(n, shape)) * D;
      const s = scores(q, k, r, n, attended, shape);
      const total = logSumExp(s);
      const p = s.map((value) => Math.exp(value - total));
      const dp = attended.map((j) => {
        let sum = 0;
        for (let d = 0; d < D; d++) sum += at(dout, queryAt + d) * at(v, keyAt(j) + d);
        return sum;
      });
      const mean = p.reduce((sum, weight, index) => sum + weight * at(dp, index), 0);
      attended.forEach((j, index) => {
        const ds = (at(p, index) * (at(dp, index) - mean)) / Math.sqrt(D);
        for (let d = 0; d < D; d++) {
          add(dv, keyAt(j) + d, at(p, index) * at(dout, queryAt + d));
          add(dq, queryAt + d, ds * at(k, keyAt(j) + d));
          add(dk, keyAt(j) + d, ds * at(q, queryAt + d));
        }
      });
    }
  }
  return { dq, dk, dv };
}
