//! y[r,n] = Σ_k x[r,k]·w[n,k]
//! NORMED: y[r,n] = rstd[r]·Σ_k x[r,k]·gain[k]·w[n,k],  rstd[r] = 1/√(mean_k x[r,k]² + eps), kept for backward
//! RESIDUAL: residual[r,n] is added
//! x: [rows, k]   w: [n, k] and gain: [k] in parameters   y, residual: [rows, 4·stride4]   rstd: [rows]
//! rows of a model a multiple of 8, k of 4; columns n … 4·stride4 of y are undefined.
//! One workgroup per tile of rows (lib/tile) and 8 outputs, 16 where WIDE. All lanes need the same weights, so that
//! each is loaded once for a subgroup: loads are what costs.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts); Product4, four of y.
//! use lib/tile
//! use lib/four_weights

override NORMED: bool = false;
override RESIDUAL: bool = false;
override WIDE: bool = false;

struct Params {
  rows: u32,
  k4: u32,
  n: u32,
  stride4: u32,
  weight4: u32,
  gain4: u32,
  eps: f32,
  split: vec4u,
  slab4: vec4u,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<Activation4>;
@group(0) @binding(2) var<storage, read> residual: array<Activation4>;
@group(0) @binding(3) var<storage, read_write> y: array<Product4>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, column4: u32, value: vec4f) {
  if (column4 < params.stride4) {
    let at = row * params.stride4 + column4;
    if (RESIDUAL) {
      y[at] = Product4(vec4f(residual[at]) + value);
    } else {
      y[at] = Product4(value);
    }
  }
}

fn store_row(row: u32, column4: u32, scale: f32, values: mat4x4f) {
  if (NORMED && column4 == 0u) {
    rstd[row] = scale;
  }
  store(row, column4, values[0] * scale);
  store(row, column4 + 1u, values[1] * scale);
  if (WIDE) {
    store(row, column4 + 2u, values[2] * scale);
    store(row, column4 + 3u, values[3] * scale);
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let width4 = select(2u, 4u, WIDE);
  let blocks = (params.stride4 + width4 - 1u) / width4;
  let flat = group.x + group.y * groups.x;
  let tile = tile_of(flat / blocks, params.rows, params.split, params.slab4);
  if (tile.first >= tile.end) {
    return;
  }
  let column4 = (flat % blocks) * width4;
  let n = column4 * 4u;
  let k4 = params.k4;
  let w = tile.slab4 + params.weight4;
  let last = params.n - 1u;
  let row = row_of(tile, lane);
  let at = (row + vec4u(0u, 1u, 2u, 3u)) * k4;

  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  var squares = vec4f();
  for (var k = 0u; k < k4; k++) {
    var xs = mat4x4f(vec4f(x[at.x + k]), vec4f(x[at.y + k]), vec4f(x[at.z + k]), vec4f(x[at.w + k]));
    if (NORMED) {
      squares += vec4f(dot(xs[0], xs[0]), dot(xs[1], xs[1]), dot(xs[2], xs[2]), dot(xs[3], xs[3]));
      let gain = parameters[tile.slab4 + params.gain4 + k];
      xs = mat4x4f(xs[0] * gain, xs[1] * gain, xs[2] * gain, xs[3] * gain);
    }
    a += transpose(four_weights(w + k, n, last, k4, lane)) * xs;
    b += transpose(four_weights(w + k, n + 4u, last, k4, lane)) * xs;
    if (WIDE) {
      c += transpose(four_weights(w + k, n + 8u, last, k4, lane)) * xs;
      d += transpose(four_weights(w + k, n + 12u, last, k4, lane)) * xs;
    }
  }
  var scale = vec4f(1.0);
  if (NORMED) {
    scale = inverseSqrt(squares / f32(k4 * 4u) + params.eps);
  }
  // No index that varies: it would put the sums into memory.
  if (tile.first + 4u * lane < tile.end) {
    store_row(row, column4, scale.x, mat4x4f(a[0], b[0], c[0], d[0]));
    store_row(row + 1u, column4, scale.y, mat4x4f(a[1], b[1], c[1], d[1]));
    store_row(row + 2u, column4, scale.z, mat4x4f(a[2], b[2], c[2], d[2]));
    store_row(row + 3u, column4, scale.w, mat4x4f(a[3], b[3], c[3], d[3]));
  }
}
