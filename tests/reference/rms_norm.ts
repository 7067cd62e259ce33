import { add, at, expectLength, type Numbers } from './indexing.ts';

/**
 * y[r,h] = x[r,h] · rstd[r] · gain[h],   rstd[r] = 1/√(mean_h x[r,h]² + eps)
 * @param x [rows, hidden]
 * @param gain [hidden]
 * @returns y, [rows, hidden]; rstd, [rows]
 */
export function forward(
  x: Numbers,
  gain: Numbers,
  rows: number,
  hidden: number,
  eps: number,
): { y: Float64Array; rstd: Float64Array } {
  expectLength('x', x, rows * hidden);
  expectLength('gain', gain, hidden);
  const y = new Float64Array(rows * hidden);
  const rstd = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let squares = 0;
    for (let h = 0; h < hidden; h++) squares += at(x, r * hidden + h) ** 2;
    const scale = 1 / Math.sqrt(squares / hidden + eps);
    rstd[r] = scale;
    for (let h = 0; h < hidden; h++) y[r * hidden + h] = at(x, r * hidden + h) * scale * at(gain, h);
  }
  return { y, rstd };
}

/**
 * With s[r] = Σ_h dy[r,h]·gain[h]·x[r,h]:
 * dx[r,h] = rstd·gain[h]·dy[r,h] − x[r,h]·rstd³·s[r]/hidden,   dgain[h] = Σ_r dy[r,h]·x[r,h]·rstd[r]
 * @returns dx, [rows, hidden]; dgain, [hidden]
 */
export function backward(
  dy: Numbers,
  x: Numbers,
  gain: Numbers,
  rows: number,
  hidden: number,
  eps: number,
): { dx: Float64Array; dgain: Float64Array } {
  expectLength('dy', dy, rows * hidden);
  const { rstd } = forward(x, gain, rows, hidden, eps);
  const dx = new Float64Array(rows * hidden);
  const dgain = new Float64Array(hidden);
  for (let r = 0; r < rows; r++) {
    const scale = at(rstd, r);
    let s = 0;
    for (let h = 0; h < hidden; h++) s += at(dy, r * hidden + h) * at(gain, h) * at(x, r * hidden + h);
    for (let h = 0; h < hidden; h++) {
      const i = r * hidden + h;
      dx[i] = scale * at(gain, h) * at(dy, i) - (at(x, i) * scale ** 3 * s) / hidden;
      add(dgain, h, at(dy, i) * at(x, i) * scale);
    }
  }
  return { dx, dgain };
}
