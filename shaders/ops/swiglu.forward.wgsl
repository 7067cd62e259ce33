//! y[r,i] = silu(gate[r,i])·up[r,i],   silu(z) = z/(1 + e^−z),   gate = x̂·w_gateᵀ,   up = x̂·w_upᵀ
//! x̂[r,k] = rstd[r]·x[r,k]·gain[k],   rstd[r] = 1/√(mean_k x[r,k]² + eps), kept for backward
//! x: [rows, k]   w: [2·I, k], gate first, and gain: [k] in parameters   y: [rows, I]   rstd: [rows]
//! gate_up: [rows, 2·I], gate first; written for the first model's rows only, which alone are learnt from
//! rows of a model a multiple of 8, k and I of 4.
//! One workgroup per tile of rows (lib/tile) and 4 y, 8 where WIDE: as matmul.forward, a gate beside its up.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts).
//! use lib/tile
//! use lib/four_weights

override WIDE: bool = false;

struct Params {
  rows: u32,
  k4: u32,
  inner4: u32,
  weight4: u32,
  gain4: u32,
  eps: f32,
  split: vec4u,
  slab4: vec4u,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<Activation4>;
@group(0) @binding(2) var<storage, read_write> gate_up: array<Activation4>;
@group(0) @binding(3) var<storage, read_write> y: array<Activation4>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, column4: u32, gate: vec4f, up: vec4f) {
  if (column4 < params.inner4) {
    if (row < params.split.x) {
      let at = row * 2u * params.inner4 + column4;
      gate_up[at] = Activation4(gate);
      gate_up[at + params.inner4] = Activation4(up);
    }
    y[row * params.inner4 + column4] = Activation4(gate / (1.0 + exp(-gate)) * up);
  }
}

fn store_row(row: u32, column4: u32, scale: f32, values: mat4x4f) {
  if (column4 == 0u) {
    rstd[row] = scale;
  }
  store(row, column4, values[0] * scale, values[1] * scale);
  if (WIDE) {
    store(row, column4 + 1u, values[2] * scale, values[3] * scale);
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let width4 = select(1u, 2u, WIDE);
  let blocks = (params.inner4 + width4 - 1u) / width4;
  let flat = group.x + group.y * groups.x;
  let tile = tile_of(flat / blocks, params.rows, params.split, params.slab4);
  if (tile.first >= tile.end) {
    return;
  }
  let column4 = (flat % blocks) * width4;
  let gate = 4u * column4;
  let up = 4u * (params.inner4 + column4);
  let last = 8u * params.inner4 - 1u;
  let k4 = params.k4;
  let w = tile.slab4 + params.weight4;
  let row = row_of(tile, lane);
  let at = (row + vec4u(0u, 1u, 2u, 3u)) * k4;

  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  var squares = vec4f();
  for (var k = 0u; k < k4; k++) {
    var xs = mat4x4f(vec4f(x[at.x + k]), vec4f(x[at.y + k]), vec4f(x[at.z + k]), vec4f(x[at.w + k]));
    squares += vec4f(dot(xs[0], xs[0]), dot(xs[1], xs[1]), dot(xs[2], xs[2]), dot(xs[3], xs[3]));
    let gain = parameters[tile.slab4 + params.gain4 + k];
    xs = mat4x4f(xs[0] * gain, xs[1] * gain, xs[2] * gain, xs[3] * gain);
    a += transpose(four_weights(w + k, gate, last, k4, lane)) * xs;
    b += transpose(four_weights(w + k, up, last, k4, lane)) * xs;
    if (WIDE) {
      c += transpose(four_weights(w + k, gate + 4u, last, k4, lane)) * xs;
      d += transpose(four_weights(w + k, up + 4u, last, k4, lane)) * xs;
    }
  }
  let scale = inverseSqrt(squares / f32(k4 * 4u) + params.eps);
  // No index that varies: it would put the sums into memory.
  if (tile.first + 4u * lane < tile.end) {
    store_row(row, column4, scale.x, mat4x4f(a[0], b[0], c[0], d[0]));
    store_row(row + 1u, column4, scale.y, mat4x4f(a[1], b[1], c[1], d[1]));
    store_row(row + 2u, column4, scale.z, mat4x4f(a[2], b[2], c[2], d[2]));
    store_row(row + 3u, column4, scale.w, mat4x4f(a[3], b[3], c[3], d[3]));
  }
}
