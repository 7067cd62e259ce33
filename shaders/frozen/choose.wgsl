//! One token of every completion from softmax(logits/T), by inverse CDF of a counter-based random number; T = 0 takes
//! the most likely token (its statistics are those of T = 1).
//! logits: [rows, 4·stride4]   sampler: [rows] of (T as bits, completion, prompt, purpose)   ends: [end_count]
//! token: [rows, max_length]   stats: [rows, max_length]   current, done: [rows]
//! A completion that ended repeats its last token, which nobody reads. Columns in 256 blocks: the block in which the
//! random number falls is searched by one lane.
//! Random stream: Philox, counter (position, completion, prompt, purpose), key (seed).
//! One workgroup per completion.
//! use lib/choices
//! use lib/philox

struct Params {
  rows: u32,
  vocab: u32,
  stride4: u32,
  position: u32,
  max_length: u32,
  end_count: u32,
  seed_low: u32,
  seed_high: u32,
}

struct RowStats {
  log_prob: f32,
  entropy: f32,
  /// KL(U‖π) = −(1/V)·Σ_j ln(V·π_j)
  self_certainty: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4f>;
@group(0) @binding(1) var<storage, read> sampler_of: array<vec4u>;
@group(0) @binding(2) var<storage, read> ends: array<u32>;
@group(0) @binding(3) var<storage, read_write> token: array<u32>;
@group(0) @binding(4) var<storage, read_write> stats: array<RowStats>;
@group(0) @binding(5) var<storage, read_write> current: array<u32>;
@group(0) @binding(6) var<storage, read_write> done: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> blocks: array<f32, LANES>;

/// The column in which the sums of e pass `random`; of those that can't be chosen by chance (e = 0), none.
fn chosen_at(row: u32, random: f32, choices: Choices, inverse: f32) -> u32 {
  var chosen = choices.best;
  var below = 0.0;
  var block = 0u;
  for (; block < LANES - 1u; block++) {
    if (random < below + blocks[block]) {
      break;
    }
    below += blocks[block];
  }
  let columns = block_of(block, params.stride4);
  for (var i = columns.x; i < columns.y; i++) {
    let z = four_choices(row, i, params.stride4, params.vocab, inverse) - choices.highest;
    let e = exp(max(z, vec4f(-200.0)));
    for (var j = 0u; j < 4u; j++) {
      if (e[j] > 0.0 && 4u * i + j < params.vocab) {
        chosen = 4u * i + j;
      }
      below += e[j];
      if (random < below) {
        return chosen;
      }
    }
  }
  return chosen;
}

@compute @workgroup_size(256)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let how = sampler_of[row];
  let temperature = bitcast<f32>(how.x);
  let greedy = temperature == 0.0;
  let inverse = select(1.0 / temperature, 1.0, greedy);
  let choices = choices_of(row, lane, params.stride4, params.vocab, inverse);
  blocks[lane] = choices.own;
  workgroupBarrier();
  if (lane != 0u) {
    return;
  }
  let at = row * params.max_length + params.position;
  if (params.position > 0u && done[row] == 1u) {
    token[at] = current[row];
    stats[at] = RowStats();
    return;
  }
  var chosen = choices.best;
  if (!greedy) {
    let words = philox4x32(
      vec4u(params.position, how.y, how.z, how.w),
      vec2u(params.seed_low, params.seed_high),
    );
    chosen = chosen_at(row, unit_float(words.x) * choices.sum, choices, inverse);
  }
  let log_sum = log(choices.sum);
  let z = logits[row * params.stride4 + chosen / 4u][chosen % 4u] * inverse - choices.highest;
  token[at] = chosen;
  let vocab = f32(params.vocab);
  stats[at] = RowStats(
    z - log_sum,
    log_sum - choices.weighted / choices.sum,
    log_sum - choices.shifted / vocab - log(vocab),
  );
  current[row] = chosen;
  var ended = 0u;
  for (var i = 0u; i < params.end_count; i++) {
    if (chosen == ends[i]) {
      ended = 1u;
    }
  }
  done[row] = ended;
}
