//! y[r, to[p] + n] += scale[r]ˢ · Σ_i m[p][i,n]·t[r, p·rank + i],   s = 1 with `scaled` 1, else 0
//! The product out of the few numbers between an adapter's factors: B·t on the way forth (m = Bᵀ), Aᵀ·dt on the way back
//! (m = A). See adapter_into; a row without adapter keeps its y, bit for bit.
//! t: [rows, t_stride]   adapters: factors, m[p] [rank, 4·width4[p]] at matrix4[p] of the row's adapter
//! row_adapters: [rows]   y: [rows, 4·stride4]
//! One thread per four of y that a part has.
//! use lib/grid
//! use lib/row_adapter

struct Params {
  rows: u32,
  rank: u32,
  stride4: u32,
  t_stride: u32,
  scaled: u32,
  /// Of all parts together.
  all4: u32,
  /// Of each part, in vec4s: columns of m (0 where there is none), where they begin in y, and where m begins.
  width4: vec4u,
  to4: vec4u,
  matrix4: vec4u,
}

@group(0) @binding(0) var<storage, read> t: array<f32>;
@group(0) @binding(1) var<storage, read> adapters: array<vec4f>;
@group(0) @binding(2) var<storage, read> row_adapters: array<RowAdapter>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let row = flat / params.all4;
  if (row >= params.rows) {
    return;
  }
  let adapter = row_adapters[row];
  if (adapter.scale == 0.0) {
    return;
  }
  var column = flat % params.all4;
  var part = 0u;
  while (part < 3u && column >= params.width4[part]) {
    column -= params.width4[part];
    part++;
  }
  let width4 = params.width4[part];
  let begin = row * params.t_stride + part * params.rank;
  var m = adapter.base4 + params.matrix4[part] + column;
  var sum = vec4f();
  for (var i = 0u; i < params.rank; i++) {
    sum += adapters[m] * t[begin + i];
    m += width4;
  }
  let at = row * params.stride4 + params.to4[part] + column;
  y[at] += select(sum, sum * adapter.scale, params.scaled == 1u);
}
