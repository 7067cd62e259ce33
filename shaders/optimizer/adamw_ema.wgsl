//! One pass over every parameter: clip to the global norm, AdamW (1711.05101), then the momentum anchor.
//! g = gradient·min(1, max_norm/‖gradient‖);  m = β1·m + (1−β1)·g;  v = β2·v + (1−β2)·g²
//! θq −= lr·( m/(1−β1ᵗ) / (√(v/(1−β2ᵗ)) + ε) + decay·θq ), decay on matrices only: elements below decay4
//! θk = momentum·θk + (1−momentum)·θq                                          (M-GRPO, arXiv 2512.13070)
//! policy is slab 0 of parameters, the anchor begins at anchor4; update_anchor 0 leaves it alone.
//! gradient, m, v: [size]   block_sums: from grad_norm, `blocks` of them
//! report: [workgroups], see Report
//! A non-finite norm changes nothing: the run stops with its last good parameters.

struct Params {
  size4: u32,
  chunk4: u32,
  blocks: u32,
  decay4: u32,
  anchor4: u32,
  update_anchor: u32,
  max_norm: f32,
  learning_rate: f32,
  beta1: f32,
  beta2: f32,
  correction1: f32,
  correction2: f32,
  epsilon: f32,
  weight_decay: f32,
  momentum: f32,
}

/// What a workgroup tells of its parameters after the update; TypeScript reads it by these names.
struct Report {
  /// ‖gradient‖² of all parameters, before clipping: the same in every workgroup.
  gradient_squared: f32,
  /// Σ(θq−θk)²
  apart_squared: f32,
  /// Σθq²
  policy_squared: f32,
  unused: f32,
}

@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> block_sums: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> report: array<Report>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> norm_squared: f32;
var<workgroup> sums: array<vec2f, 64>;

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < params.blocks; i++) {
      sum += block_sums[i].x;
    }
    norm_squared = sum;
  }
  let squared = workgroupUniformLoad(&norm_squared);
  let norm = sqrt(squared);
  let clip = select(1.0, params.max_norm / norm, norm > params.max_norm);
  let end = min((group.x + 1u) * params.chunk4, params.size4);
  var distance = vec2f();
  for (var i = group.x * params.chunk4 + lane; i < end; i += 64u) {
    var policy = parameters[i];
    var anchor = parameters[params.anchor4 + i];
    if (is_finite(squared)) {
      let g = gradient[i] * clip;
      let first = params.beta1 * m[i] + (1.0 - params.beta1) * g;
      let second = params.beta2 * v[i] + (1.0 - params.beta2) * g * g;
      m[i] = first;
      v[i] = second;
      let decay = select(0.0, params.weight_decay, i < params.decay4);
      let direction = (first / params.correction1) / (sqrt(second / params.correction2) + params.epsilon);
      policy -= params.learning_rate * (direction + decay * policy);
      parameters[i] = policy;
      if (params.update_anchor == 1u) {
        anchor = params.momentum * anchor + (1.0 - params.momentum) * policy;
        parameters[params.anchor4 + i] = anchor;
      }
    }
    let apart = policy - anchor;
    distance += vec2f(dot(apart, apart), dot(policy, policy));
  }
  sums[lane] = distance;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
  }
  if (lane == 0u) {
    report[group.x] = Report(squared, sums[0].x, sums[0].y, 0.0);
  }
}
