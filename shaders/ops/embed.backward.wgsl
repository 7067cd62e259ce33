//! dembedding[v,h] = Σ_{r: token[r] = v} dx[r,h], in `splits` ordered parts (see matmul.backward_weight)
//! token: [rows]   dx: [rows, H]   partials: [splits, size], the gradient at weight4 of each part
//! One thread per four features of a vocabulary entry of one part: it scans that part's rows for its token.
//! use lib/grid

struct Params {
  rows: u32,
  chunk: u32,
  splits: u32,
  accumulate: u32,
  vocab: u32,
  hidden4: u32,
  weight4: u32,
  size4: u32,
}

@group(0) @binding(0) var<storage, read> token: array<u32>;
@group(0) @binding(1) var<storage, read> dx: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let flat = flat_id(id, groups);
  let entries = params.vocab * params.hidden4;
  let part = flat / entries;
  if (part >= params.splits) {
    return;
  }
  let v = (flat % entries) / params.hidden4;
  let h = flat % params.hidden4;
  var sum = vec4f();
  let end = min((part + 1u) * params.chunk, params.rows);
  for (var r = part * params.chunk; r < end; r++) {
    if (token[r] == v) {
      sum += dx[r * params.hidden4 + h];
    }
  }
  let at = part * params.size4 + params.weight4 + v * params.hidden4 + h;
  if (params.accumulate == 1u) {
    sum += partials[at];
  }
  partials[at] = sum;
}
