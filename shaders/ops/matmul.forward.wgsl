//! y[r,n] = Σ_k x[r,k]·w[n,k]
//! NORMED: y[r,n] = rstd[r]·Σ_k x[r,k]·gain[k]·w[n,k],  rstd[r] = 1/√(mean_k x[r,k]² + eps), kept for backward
//! RESIDUAL: residual[r,n] is added
//! x: [rows, k]   w: [n, k] and gain: [k] in parameters   y, residual: [rows, 4·stride4]   rstd: [rows]
//! rows a multiple of 8, k of 4; columns n … 4·stride4 of y are undefined.
//! One thread per 8 rows × 8 outputs: loads are what costs, and 16 of them feed 256 multiply-adds.
//! use lib/grid
//! use lib/slab

override NORMED: bool = false;
override RESIDUAL: bool = false;

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
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> residual: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, column4: u32, value: vec4f) {
  if (column4 < params.stride4) {
    let at = row * params.stride4 + column4;
    if (RESIDUAL) {
      y[at] = residual[at] + value;
    } else {
      y[at] = value;
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let blocks = (params.n + 7u) / 8u;
  let block = flat_id(id, groups);
  let r = (block / blocks) * 8u;
  if (r >= params.rows) {
    return;
  }
  let n = (block % blocks) * 8u;
  let slab = slab_of(r, params.split, params.slab4);
  let w = slab + params.weight4;
  let last = params.n - 1u;
  let k4 = params.k4;
  let xa = vec4u(r, r + 1u, r + 2u, r + 3u) * k4;
  let xb = xa + 4u * k4;
  let wa = w + min(vec4u(n, n + 1u, n + 2u, n + 3u), vec4u(last)) * k4;
  let wb = w + min(vec4u(n + 4u, n + 5u, n + 6u, n + 7u), vec4u(last)) * k4;

  var aa = mat4x4f();
  var ab = mat4x4f();
  var ba = mat4x4f();
  var bb = mat4x4f();
  var squares_a = vec4f();
  var squares_b = vec4f();
  for (var k = 0u; k < k4; k++) {
    var ma = mat4x4f(x[xa.x + k], x[xa.y + k], x[xa.z + k], x[xa.w + k]);
    var mb = mat4x4f(x[xb.x + k], x[xb.y + k], x[xb.z + k], x[xb.w + k]);
    if (NORMED) {
      squares_a += vec4f(dot(ma[0], ma[0]), dot(ma[1], ma[1]), dot(ma[2], ma[2]), dot(ma[3], ma[3]));
      squares_b += vec4f(dot(mb[0], mb[0]), dot(mb[1], mb[1]), dot(mb[2], mb[2]), dot(mb[3], mb[3]));
      let g = parameters[slab + params.gain4 + k];
      ma = mat4x4f(ma[0] * g, ma[1] * g, ma[2] * g, ma[3] * g);
      mb = mat4x4f(mb[0] * g, mb[1] * g, mb[2] * g, mb[3] * g);
    }
    let w_a = transpose(mat4x4f(parameters[wa.x + k], parameters[wa.y + k], parameters[wa.z + k], parameters[wa.w + k]));
    let w_b = transpose(mat4x4f(parameters[wb.x + k], parameters[wb.y + k], parameters[wb.z + k], parameters[wb.w + k]));
    aa += w_a * ma;
    ab += w_b * ma;
    ba += w_a * mb;
    bb += w_b * mb;
  }
  var scale_a = vec4f(1.0);
  var scale_b = vec4f(1.0);
  if (NORMED) {
    let width = f32(k4 * 4u);
    scale_a = inverseSqrt(squares_a / width + params.eps);
    scale_b = inverseSqrt(squares_b / width + params.eps);
    if (n == 0u) {
      for (var i = 0u; i < 4u; i++) {
        rstd[r + i] = scale_a[i];
        rstd[r + 4u + i] = scale_b[i];
      }
    }
  }
  for (var i = 0u; i < 4u; i++) {
    store(r + i, n / 4u, aa[i] * scale_a[i]);
    store(r + i, n / 4u + 1u, ab[i] * scale_a[i]);
    store(r + 4u + i, n / 4u, ba[i] * scale_b[i]);
    store(r + 4u + i, n / 4u + 1u, bb[i] * scale_b[i]);
  }
}
