//! dm[p][i,k] = scaleˢ · Σ_r t[r, p·rank + i]·x[r, from[p] + k],   s = 1 with `scaled` 1, else 0
//! The gradient of a factor: of A with t = scale·Bᵀ·dy and the product's input, of Bᵀ with t = A·x and the product's dy.
//! The sum over rows is cut into `splits` ordered parts, summed later by optimizer/grad_norm: no atomics, the same bits.
//! x: [rows, 4·stride4]   t: [rows, t_stride]   partials: [splits, size], dm[p] at matrix4[p] of each
//! All rows go through one adapter, of this scale.
//! One thread per four of a dm and split.
//! use lib/grid

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  rank: u32,
  stride4: u32,
  t_stride: u32,
  size4: u32,
  /// Of all parts' columns together.
  all4: u32,
  scaled: u32,
  scale: f32,
  width4: vec4u,
  from4: vec4u,
  matrix4: vec4u,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let split = flat / (params.all4 * params.rank);
  if (split >= params.splits) {
    return;
  }
  let i = flat / params.all4 % params.rank;
  var column = flat % params.all4;
  var part = 0u;
  while (part < 3u && column >= params.width4[part]) {
    column -= params.width4[part];
    part++;
  }
  let own = part * params.rank + i;
  let begin = params.from4[part] + column;
  var sum = vec4f();
  let end = min((split + 1u) * params.chunk, params.rows);
  for (var r = split * params.chunk; r < end; r++) {
    sum += t[r * params.t_stride + own] * x[r * params.stride4 + begin];
  }
  sum = select(sum, sum * params.scale, params.scaled == 1u);
  let at = split * params.size4 + params.matrix4[part] + i * params.width4[part] + column;
  if (params.accumulate == 1u) {
    sum += partials[at];
  }
  partials[at] = sum;
}
