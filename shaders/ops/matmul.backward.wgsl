//! dx[r,k] = Σ_n dy[r,n]·w[n,k]
//! dy: [rows, 4·n4], zero in columns n … 4·n4   w: [n, k] in parameters (slab 0)   dx: [rows, k]
//! rows a multiple of 8, k of 4.
//! One thread per 8 rows × 8 inputs.
//! use lib/grid

struct Params {
  rows: u32,
  k4: u32,
  n: u32,
  n4: u32,
  weight4: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k4 = params.k4;
  let blocks = (k4 + 1u) / 2u;
  let block = flat_id(id, groups);
  let r = (block / blocks) * 8u;
  if (r >= params.rows) {
    return;
  }
  let ka = (block % blocks) * 2u;
  let kb = min(ka + 1u, k4 - 1u);
  let last = params.n - 1u;
  let ya = vec4u(r, r + 1u, r + 2u, r + 3u) * params.n4;
  let yb = ya + 4u * params.n4;

  var aa = mat4x4f();
  var ab = mat4x4f();
  var ba = mat4x4f();
  var bb = mat4x4f();
  for (var n = 0u; n < params.n4; n++) {
    let da = mat4x4f(dy[ya.x + n], dy[ya.y + n], dy[ya.z + n], dy[ya.w + n]);
    let db = mat4x4f(dy[yb.x + n], dy[yb.y + n], dy[yb.z + n], dy[yb.w + n]);
    let at = params.weight4 + min(4u * n + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * k4;
    let w_a = mat4x4f(parameters[at.x + ka], parameters[at.y + ka], parameters[at.z + ka], parameters[at.w + ka]);
    let w_b = mat4x4f(parameters[at.x + kb], parameters[at.y + kb], parameters[at.z + kb], parameters[at.w + kb]);
    aa += w_a * da;
    ab += w_b * da;
    ba += w_a * db;
    bb += w_b * db;
  }
  for (var i = 0u; i < 4u; i++) {
    dx[(r + i) * k4 + ka] = aa[i];
    dx[(r + 4u + i) * k4 + ka] = ba[i];
    if (kb > ka) {
      dx[(r + i) * k4 + kb] = ab[i];
      dx[(r + 4u + i) * k4 + kb] = bb[i];
    }
  }
}
