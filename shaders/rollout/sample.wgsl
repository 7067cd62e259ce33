//! One token of every rollout from softmax(logits/T), by inverse CDF of a counter-based random number; T = 0
//! takes the most likely token (its statistics are those of T = 1).
//! logits: [rows, 4·stride4]   sampler: [rows] of (T as bits, rollout, purpose, unused)
//! token: [rows, max_length]   stats: [rows, max_length]
//! current, done: [rows]; a rollout that ended repeats the end token, which nobody reads.
//! Random stream: Philox, counter (position, rollout, step, purpose), key (seed).
//! One thread per rollout.
//! use lib/grid
//! use lib/philox
//! use lib/token_stats

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  position: u32,
  max_length: u32,
  end_token: u32,
  step: u32,
  seed_low: u32,
  seed_high: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> sampler_of: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> token: array<u32>;
@group(0) @binding(3) var<storage, read_write> stats: array<TokenStats>;
@group(0) @binding(4) var<storage, read_write> current: array<u32>;
@group(0) @binding(5) var<storage, read_write> done: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

const EXCLUDED = vec4f(-3.0e38);

fn scaled(row: u32, column4: u32, inverse_temperature: f32) -> vec4f {
  let columns = column4 * 4u + vec4u(0u, 1u, 2u, 3u);
  let z = logits[row * params.stride4 + column4] * inverse_temperature;
  return select(EXCLUDED, z, columns < vec4u(params.vocab));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = flat_id(id, groups);
  if (r >= params.rows) {
    return;
  }
  let at = r * params.max_length + params.position;
  if (params.position > 0u && done[r] == 1u) {
    token[at] = params.end_token;
    stats[at] = TokenStats();
    return;
  }
  let how = sampler_of[r];
  let temperature = bitcast<f32>(how.x);
  let greedy = temperature == 0.0;
  let inverse = select(1.0 / temperature, 1.0, greedy);

  var highest = -3.0e38;
  var best = 0u;
  for (var i = 0u; i < params.stride4; i++) {
    let z = scaled(r, i, inverse);
    for (var j = 0u; j < 4u; j++) {
      if (z[j] > highest) {
        highest = z[j];
        best = i * 4u + j;
      }
    }
  }
  var sum = 0.0;
  var weighted = 0.0;
  var shifted = 0.0;
  for (var i = 0u; i < params.stride4; i++) {
    let z = scaled(r, i, inverse) - highest;
    let inside = i * 4u + vec4u(0u, 1u, 2u, 3u) < vec4u(params.vocab);
    let e = select(vec4f(), exp(z), inside);
    sum += e.x + e.y + e.z + e.w;
    weighted += dot(select(vec4f(), e * z, e > vec4f()), vec4f(1.0));
    shifted += dot(select(vec4f(), z, inside), vec4f(1.0));
  }
  let log_sum = log(sum);

  var chosen = best;
  if (!greedy) {
    let random = unit_float(philox4x32(
      vec4u(params.position, how.y, params.step, how.z),
      vec2u(params.seed_low, params.seed_high),
    ).x) * sum;
    var below = 0.0;
    for (var v = 0u; v < params.vocab; v++) {
      let e = exp(logits[r * params.stride4 + v / 4u][v % 4u] * inverse - highest);
      if (e > 0.0) {
        chosen = v;
      }
      below += e;
      if (random < below) {
        break;
      }
    }
  }
  let z = logits[r * params.stride4 + chosen / 4u][chosen % 4u] * inverse - highest;
  let vocab = f32(params.vocab);
  token[at] = chosen;
  stats[at] = TokenStats(z - log_sum, log_sum - weighted / sum, log_sum - shifted / vocab - log(vocab), 0.0);
  current[r] = chosen;
  done[r] = select(0u, 1u, chosen == params.end_token);
}
