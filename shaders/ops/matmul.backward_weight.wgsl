//! dw[n,k] = Σ_r dy[r,n]·x[r,k];   NORMED: x[r,k] is replaced by rstd[r]·x[r,k]·gain[k]
//! The sum over rows is cut into `splits` ordered parts, summed later by optimizer/grad_norm: parallel without
//! atomics, so the same bits every time.
//! dy: [rows, 4·n4]   x: [rows, k]   rstd: [rows]   partials: [splits, size], dw at weight4 of each part
//! rows a multiple of 8, chunk (rows of a part) of 4, k of 4.
//! One thread per 8 n × 8 k of one part.
//! use lib/grid

override NORMED: bool = false;

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
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(part: u32, n: u32, k: u32, value: vec4f) {
  if (n < params.n && k < params.k4) {
    let at = part * params.size4 + params.weight4 + n * params.k4 + k;
    if (params.accumulate == 1u) {
      partials[at] += value;
    } else {
      partials[at] = value;
    }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k4 = params.k4;
  let n4 = params.n4;
  let k_blocks = (k4 + 1u) / 2u;
  let n_blocks = (n4 + 1u) / 2u;
  let flat = flat_id(id, groups);
  let part = flat / (k_blocks * n_blocks);
  if (part >= params.splits) {
    return;
  }
  let block = flat % (k_blocks * n_blocks);
  let ka = (block % k_blocks) * 2u;
  let kb = min(ka + 1u, k4 - 1u);
  let na = (block / k_blocks) * 2u;
  let nb = min(na + 1u, n4 - 1u);

  var aa = mat4x4f();
  var ab = mat4x4f();
  var ba = mat4x4f();
  var bb = mat4x4f();
  let end = min((part + 1u) * params.chunk, params.rows);
  for (var r = part * params.chunk; r < end; r += 4u) {
    let xr = vec4u(r, r + 1u, r + 2u, r + 3u) * k4;
    let yr = vec4u(r, r + 1u, r + 2u, r + 3u) * n4;
    let y_a = transpose(mat4x4f(dy[yr.x + na], dy[yr.y + na], dy[yr.z + na], dy[yr.w + na]));
    let y_b = transpose(mat4x4f(dy[yr.x + nb], dy[yr.y + nb], dy[yr.z + nb], dy[yr.w + nb]));
    var x_a = mat4x4f(x[xr.x + ka], x[xr.y + ka], x[xr.z + ka], x[xr.w + ka]);
    var x_b = mat4x4f(x[xr.x + kb], x[xr.y + kb], x[xr.z + kb], x[xr.w + kb]);
    if (NORMED) {
      let s = vec4f(rstd[r], rstd[r + 1u], rstd[r + 2u], rstd[r + 3u]);
      x_a = mat4x4f(x_a[0] * s.x, x_a[1] * s.y, x_a[2] * s.z, x_a[3] * s.w);
      x_b = mat4x4f(x_b[0] * s.x, x_b[1] * s.y, x_b[2] * s.z, x_b[3] * s.w);
    }
    aa += x_a * y_a;
    ab += x_b * y_a;
    ba += x_a * y_b;
    bb += x_b * y_b;
  }
  var gain_a = vec4f(1.0);
  var gain_b = vec4f(1.0);
  if (NORMED) {
    gain_a = parameters[params.gain4 + ka];
    gain_b = parameters[params.gain4 + kb];
  }
  for (var i = 0u; i < 4u; i++) {
    store(part, 4u * na + i, ka, aa[i] * gain_a);
    if (kb > ka) {
      store(part, 4u * na + i, kb, ab[i] * gain_b);
    }
    if (nb > na) {
      store(part, 4u * nb + i, ka, ba[i] * gain_a);
      if (kb > ka) {
        store(part, 4u * nb + i, kb, bb[i] * gain_b);
      }
    }
  }
}
