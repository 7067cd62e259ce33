//! gradient[i] = Σ_s partials[s, i] (in order), and per workgroup the sum of its squares
//! partials: [splits, size]   gradient: [size]   block_sums: [workgroups] of (Σ gradient², 0, 0, 0)
//! Workgroup w takes elements [w·chunk4, (w+1)·chunk4) (in vec4s); at most 256 workgroups, so that the next
//! kernel can add up the blocks by itself.

struct Params {
  size4: u32,
  splits: u32,
  chunk4: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> block_sums: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> squares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let end = min((group.x + 1u) * params.chunk4, params.size4);
  var sum = 0.0;
  for (var i = group.x * params.chunk4 + lane; i < end; i += 64u) {
    var g = vec4f();
    for (var s = 0u; s < params.splits; s++) {
      g += partials[s * params.size4 + i];
    }
    gradient[i] = g;
    sum += dot(g, g);
  }
  squares[lane] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      squares[lane] += squares[lane + half];
    }
  }
  if (lane == 0u) {
    block_sums[group.x] = vec4f(squares[0], 0.0, 0.0, 0.0);
  }
}
