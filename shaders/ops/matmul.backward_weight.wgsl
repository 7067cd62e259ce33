//! dw[n,k] = Σ_r dy[r,n]·x[r,k];   NORMED: x[r,k] is replaced by rstd[r]·x[r,k]·gain[k]
//! The sum over rows is cut into `splits` ordered parts, summed later by optimizer/grad_norm: parallel without
//! atomics, so the same bits every time.
//! dy: [rows, 4·n4]   x: [rows, k]   rstd: [rows]   partials: [splits, size], dw at weight4 of each part
//! rows a multiple of 8, chunk (rows of a part) of 4, k of 4.
//! One workgroup per part, 4·LANES n and 8 k, 16 where WIDE; a lane has four n. All lanes need the same x.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts).
//! use lib/four_x

override NORMED: bool = false;
override WIDE: bool = false;
override LANES: u32 = 32;

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  k4: u32,
  n: u32,
  n4: u32,
  weight4: u32,
  gain4: u32,
  size4: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<Activation4>;
@group(0) @binding(3) var<storage, read> rstd: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(part: u32, n: u32, k: u32, value: vec4f) {
  if (n < params.n) {
    let at = part * params.size4 + params.weight4 + n * params.k4 + k;
    if (params.accumulate == 1u) {
      partials[at] += value;
    } else {
      partials[at] = value;
    }
  }
}

/// Columns k of rows n … n + 3.
fn store_four(part: u32, n: u32, k: u32, values: mat4x4f) {
  if (k >= params.k4) {
    return;
  }
  var gain = vec4f(1.0);
  if (NORMED) {
    gain = parameters[params.gain4 + k];
  }
  store(part, n, k, values[0] * gain);
  store(part, n + 1u, k, values[1] * gain);
  store(part, n + 2u, k, values[2] * gain);
  store(part, n + 3u, k, values[3] * gain);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let k4 = params.k4;
  let n4 = params.n4;
  let width4 = select(2u, 4u, WIDE);
  let k_blocks = (k4 + width4 - 1u) / width4;
  let n_blocks = (n4 + LANES - 1u) / LANES;
  let flat = group.x + group.y * groups.x;
  let part = flat / (k_blocks * n_blocks);
  if (part >= params.splits) {
    return;
  }
  let column4 = (flat % k_blocks) * width4;
  let column = min(column4 + vec4u(0u, 1u, 2u, 3u), vec4u(k4 - 1u));
  let own4 = ((flat / k_blocks) % n_blocks) * LANES + lane;
  let n = min(own4, n4 - 1u);

  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  let end = min((part + 1u) * params.chunk, params.rows);
  for (var r = part * params.chunk; r < end; r += 4u) {
    let at = vec4u(r, r + 1u, r + 2u, r + 3u) * n4 + n;
    var s = vec4f(1.0);
    if (NORMED) {
      s = rstd[r / 4u];
    }
    let dys = transpose(mat4x4f(dy[at.x] * s.x, dy[at.y] * s.y, dy[at.z] * s.z, dy[at.w] * s.w));
    a += four_x(r * k4 + column.x, k4, lane) * dys;
    b += four_x(r * k4 + column.y, k4, lane) * dys;
    if (WIDE) {
      c += four_x(r * k4 + column.z, k4, lane) * dys;
      d += four_x(r * k4 + column.w, k4, lane) * dys;
    }
  }
  if (own4 < n4) {
    store_four(part, 4u * n, column4, a);
    store_four(part, 4u * n, column4 + 1u, b);
    if (WIDE) {
      store_four(part, 4u * n, column4 + 2u, c);
      store_four(part, 4u * n, column4 + 3u, d);
    }
  }
}
