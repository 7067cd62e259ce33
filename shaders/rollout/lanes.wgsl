//! A whole rollout in one dispatch: embedding, every layer, sampling, token after token. Lanes are sequences: a
//! thread holds four, one in each component of a vec4, with their activations in private arrays; weights are
//! the same for all, so nothing waits for anything but the early exit, once a token.
//! prefill = 1: no sampling; the tokens of each prompt but its last fill the keys and values of `cache`.
//! Otherwise tokens at positions [first, first + count) of every rollout follow its prompt's prefix, copied
//! from `prefix` at position 0. A call may be cut into several without changing a bit.
//! One pipeline does both, as it takes software adapters seconds to compile.
//! sequence: [rows, 2] of (prefix row, prefix length, last prompt token, 1 if wanted), (T as bits, rollout,
//! purpose, 0); at prefill (first prefix token, prefix length, 0, 1)
//! cache: [layers, k and v, slots, kv_heads·D, rows], prefix slots first; prefix: the same of the prompts
//! token: [rows, max_length]   stats: [rows, max_length], as rollout/sample
//! A rollout that ended repeats the end token; a workgroup whose rollouts all ended stops.
//! Random stream: as rollout/sample.
//! Prelude: Activation and Activation4, one and four activations in storage (src/engine/activations.ts);
//! VOCAB8 = ⌈V/8⌉, HEAD_DIM, SHARED = heads/kv_heads, WIDEST of hidden, (heads + 2·kv_heads)·D and inner, in eights.
//! One thread per four rows, LANES threads a workgroup, all rows of one model.
//! use lib/slab
//! use lib/philox
//! use lib/four_rows
//! use lib/lanes_choose

override LANES: u32 = 8;

struct Params {
  lanes: u32,
  prefill: u32,
  first: u32,
  count: u32,
  prefix_slots: u32,
  slots: u32,
  prefix_rows: u32,
  max_length: u32,
  end_token: u32,
  step: u32,
  seed_low: u32,
  seed_high: u32,
  layers: u32,
  vocab: u32,
  hidden: u32,
  queries: u32,
  keys: u32,
  inner: u32,
  head_dim: u32,
  eps: f32,
  embedding4: u32,
  final_norm4: u32,
  head4: u32,
  qkv4: u32,
  output4: u32,
  gate_up4: u32,
  down4: u32,
  matrix_stride4: u32,
  input_norm4: u32,
  post_norm4: u32,
  q_norm4: u32,
  k_norm4: u32,
  gain_stride4: u32,
  split: vec4u,
  slab4: vec4u,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> sequence: array<vec4u>;
@group(0) @binding(2) var<storage, read> prefix_token: array<u32>;
@group(0) @binding(3) var<storage, read> rope: array<vec4f>;
@group(0) @binding(4) var<storage, read> prefix: array<Activation>;
@group(0) @binding(5) var<storage, read_write> cache: array<Activation4>;
@group(0) @binding(6) var<storage, read_write> token: array<u32>;
@group(0) @binding(7) var<storage, read_write> stats: array<TokenStats>;
@group(1) @binding(0) var<uniform> params: Params;

const LOWEST = -3.0e38;

var<private> lane: u32;
/// This thread's column of `cache`.
var<private> column: u32;
var<private> slab: u32;
var<private> x: array<vec4f, WIDEST>;
var<private> normed: array<vec4f, WIDEST>;
var<private> hidden: array<vec4f, WIDEST>;
var<private> logits: array<vec4f, 8u * VOCAB8>;
/// Cosines, then sines, of the four sequences' positions.
var<private> turn: array<vec4f, HEAD_DIM>;

var<workgroup> running: array<u32, LANES>;
var<workgroup> any_running: u32;

/// What `sequence` says of a thread's four rows.
struct Four {
  prefix_row: vec4u,
  prefix_length: vec4u,
  last_token: vec4u,
  wanted: vec4u,
}

fn four_of(row: u32) -> Four {
  var four: Four;
  for (var s = 0u; s < 4u; s++) {
    let about = sequence[2u * (row + s)];
    four.prefix_row[s] = about.x;
    four.prefix_length[s] = about.y;
    four.last_token[s] = about.z;
    four.wanted[s] = about.w;
  }
  return four;
}

/// Results of eight rows of a matrix, one column per row.
struct Eight {
  a: mat4x4f,
  b: mat4x4f,
}

/// Products of 4·width4 inputs with eight rows of a matrix; beyond its last row they mean nothing.
fn eight_products(input: ptr<private, array<vec4f, WIDEST>>, first4: u32, width4: u32) -> Eight {
  var a = mat4x4f();
  var b = mat4x4f();
  let second4 = first4 + 4u * width4;
  for (var k = 0u; k < width4; k++) {
    let at = 4u * k;
    let four = mat4x4f((*input)[at], (*input)[at + 1u], (*input)[at + 2u], (*input)[at + 3u]);
    a += four * four_rows(first4 + k, width4, lane);
    b += four * four_rows(second4 + k, width4, lane);
  }
  return Eight(a, b);
}

/// normed = x·rstd·gain
fn norm(gain4: u32) {
  var squares = vec4f();
  for (var i = 0u; i < params.hidden; i++) {
    squares += x[i] * x[i];
  }
  let rstd = inverseSqrt(squares / f32(params.hidden) + params.eps);
  for (var i = 0u; i < params.hidden; i += 4u) {
    let gain = parameters[gain4 + i / 4u];
    normed[i] = x[i] * rstd * gain.x;
    normed[i + 1u] = x[i + 1u] * rstd * gain.y;
    normed[i + 2u] = x[i + 2u] * rstd * gain.z;
    normed[i + 3u] = x[i + 3u] * rstd * gain.w;
  }
}

/// x += hidden·wᵀ
fn add_products(first4: u32, width: u32) {
  let width4 = width / 4u;
  for (var n = 0u; n < params.hidden; n += 8u) {
    let sum = eight_products(&hidden, first4 + n * width4, width4);
    for (var i = 0u; i < 4u; i++) {
      x[n + i] += sum.a[i];
      x[n + 4u + i] += sum.b[i];
    }
  }
}

/// Norm and rotation of the head of `hidden` that begins at `begin`.
fn norm_and_turn(begin: u32, gain4: u32) {
  let width = params.head_dim;
  var squares = vec4f();
  for (var d = 0u; d < width; d++) {
    squares += hidden[begin + d] * hidden[begin + d];
  }
  let rstd = inverseSqrt(squares / f32(width) + params.eps);
  let middle = width / 2u;
  for (var d = 0u; d < middle; d++) {
    let gains = vec2u(d, middle + d);
    let a = hidden[begin + d] * rstd * parameters[gain4 + gains.x / 4u][gains.x % 4u];
    let b = hidden[begin + middle + d] * rstd * parameters[gain4 + gains.y / 4u][gains.y % 4u];
    hidden[begin + d] = a * turn[d] - b * turn[middle + d];
    hidden[begin + middle + d] = b * turn[d] + a * turn[middle + d];
  }
}

/// First vec4 of a slot of this thread's keys (which = 0) or values (1) of a layer.
fn slot_at(layer: u32, which: u32, slot: u32) -> u32 {
  return ((layer * 2u + which) * params.slots + slot) * params.keys * params.lanes + column;
}

/// Attention of every head over the slots up to this one, left in `normed`. Keys beyond a prompt's prefix are not seen.
fn attend(layer: u32, last_slot: u32, prefix_length: vec4u) {
  let scale = 1.0 / sqrt(f32(params.head_dim));
  let key_slots = slot_at(layer, 0u, 0u);
  let value_slots = slot_at(layer, 1u, 0u);
  for (var begin = 0u; begin < params.keys; begin += params.head_dim) {
    let query = begin * SHARED;
    var top = array<vec4f, SHARED>();
    var total = array<vec4f, SHARED>();
    for (var h = 0u; h < SHARED; h++) {
      top[h] = vec4f(LOWEST);
      for (var d = 0u; d < params.head_dim; d++) {
        normed[query + h * params.head_dim + d] = vec4f();
      }
    }
    for (var slot = 0u; slot <= last_slot; slot++) {
      let seen = (vec4u(slot) < prefix_length) | vec4<bool>(slot >= params.prefix_slots);
      // Zero only because it says so: seen in a loop, Dawn left what was there.
      var score = array<vec4f, SHARED>();
      var at = key_slots + (slot * params.keys + begin) * params.lanes;
      for (var d = 0u; d < params.head_dim; d++) {
        let key = vec4f(cache[at]);
        at += params.lanes;
        for (var h = 0u; h < SHARED; h++) {
          score[h] += hidden[query + h * params.head_dim + d] * key;
        }
      }
      var shrink = array<vec4f, SHARED>();
      for (var h = 0u; h < SHARED; h++) {
        let here = select(vec4f(LOWEST), score[h] * scale, seen);
        let highest = max(top[h], here);
        shrink[h] = exp(top[h] - highest);
        score[h] = select(vec4f(), exp(here - highest), seen);
        top[h] = highest;
        total[h] = total[h] * shrink[h] + score[h];
      }
      at = value_slots + (slot * params.keys + begin) * params.lanes;
      for (var d = 0u; d < params.head_dim; d++) {
        let value = vec4f(cache[at]);
        at += params.lanes;
        for (var h = 0u; h < SHARED; h++) {
          let to = query + h * params.head_dim + d;
          normed[to] = normed[to] * shrink[h] + value * score[h];
        }
      }
    }
    for (var h = 0u; h < SHARED; h++) {
      for (var d = 0u; d < params.head_dim; d++) {
        normed[query + h * params.head_dim + d] /= total[h];
      }
    }
  }
}

/// From the tokens to x behind the last layer; keys and values of this token go to `slot`.
fn run_layers(tokens: vec4u, position: vec4u, slot: u32, prefix_length: vec4u) {
  let hidden4 = params.hidden / 4u;
  let rows4 = slab + params.embedding4 + tokens * hidden4;
  for (var i = 0u; i < hidden4; i++) {
    let four = transpose(mat4x4f(
      parameters[rows4.x + i], parameters[rows4.y + i], parameters[rows4.z + i], parameters[rows4.w + i],
    ));
    x[4u * i] = four[0];
    x[4u * i + 1u] = four[1];
    x[4u * i + 2u] = four[2];
    x[4u * i + 3u] = four[3];
  }
  let angles = position * params.head_dim / 4u;
  for (var i = 0u; i < params.head_dim / 4u; i++) {
    let four = transpose(mat4x4f(rope[angles.x + i], rope[angles.y + i], rope[angles.z + i], rope[angles.w + i]));
    turn[4u * i] = four[0];
    turn[4u * i + 1u] = four[1];
    turn[4u * i + 2u] = four[2];
    turn[4u * i + 3u] = four[3];
  }
  for (var layer = 0u; layer < params.layers; layer++) {
    let matrices = slab + layer * params.matrix_stride4;
    let gains = slab + layer * params.gain_stride4;
    let all = params.queries + 2u * params.keys;
    // Attention, then MLP: written once, as compilers put a copy wherever a function is called.
    for (var block = 0u; block < 2u; block++) {
      let attention = block == 0u;
      norm(gains + select(params.post_norm4, params.input_norm4, attention));
      if (attention) {
        for (var n = 0u; n < all; n += 8u) {
          let sum = eight_products(&normed, matrices + params.qkv4 + n * hidden4, hidden4);
          for (var i = 0u; i < 4u; i++) {
            hidden[n + i] = sum.a[i];
            hidden[n + 4u + i] = sum.b[i];
          }
        }
        for (var begin = 0u; begin < params.queries + params.keys; begin += params.head_dim) {
          norm_and_turn(begin, gains + select(params.k_norm4, params.q_norm4, begin < params.queries));
        }
        var at = slot_at(layer, 0u, slot);
        let to_values = params.slots * params.keys * params.lanes;
        for (var n = 0u; n < params.keys; n++) {
          cache[at] = Activation4(hidden[params.queries + n]);
          cache[at + to_values] = Activation4(hidden[params.queries + params.keys + n]);
          at += params.lanes;
        }
        if (params.prefill == 1u && layer + 1u == params.layers) {
          return;
        }
        attend(layer, slot, prefix_length);
        for (var n = 0u; n < params.queries; n++) {
          hidden[n] = normed[n];
        }
      } else {
        for (var n = 0u; n < params.inner; n += 8u) {
          var gate: Eight;
          for (var side = 0u; side < 2u; side++) {
            let first4 = matrices + params.gate_up4 + (side * params.inner + n) * hidden4;
            let sum = eight_products(&normed, first4, hidden4);
            if (side == 0u) {
              gate = sum;
            } else {
              for (var i = 0u; i < 4u; i++) {
                hidden[n + i] = gate.a[i] / (1.0 + exp(-gate.a[i])) * sum.a[i];
                hidden[n + 4u + i] = gate.b[i] / (1.0 + exp(-gate.b[i])) * sum.b[i];
              }
            }
          }
        }
      }
      add_products(
        matrices + select(params.down4, params.output4, attention),
        select(params.inner, params.queries, attention),
      );
    }
  }
}

/// Whether any rollout of the workgroup goes on.
fn workgroup_goes_on(ended: vec4<bool>) -> bool {
  running[lane] = select(1u, 0u, all(ended));
  workgroupBarrier();
  if (lane == 0u) {
    var any = 0u;
    for (var i = 0u; i < LANES; i++) {
      any |= running[i];
    }
    any_running = any;
  }
  return workgroupUniformLoad(&any_running) == 1u;
}

/// Keys and values of the prompts' prefixes, beside each other from here on.
fn copy_prefix(prefix_row: vec4u, prefix_length: vec4u) {
  for (var part = 0u; part < 2u * params.layers; part++) {
    for (var slot = 0u; slot < params.prefix_slots; slot++) {
      let seen = vec4u(slot) < prefix_length;
      var at = slot_at(part / 2u, part % 2u, slot);
      for (var n = 0u; n < params.keys; n++) {
        let begin = ((part * params.prefix_slots + slot) * params.keys + n) * params.prefix_rows + prefix_row;
        cache[at] = select(
          Activation4(),
          Activation4(prefix[begin.x], prefix[begin.y], prefix[begin.z], prefix[begin.w]),
          seen,
        );
        at += params.lanes;
      }
    }
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  lane = local;
  column = group.x * LANES + local;
  let row = 4u * column;
  slab = slab_of(4u * group.x * LANES, params.split, params.slab4);
  let about = four_of(row);
  let prefill = params.prefill == 1u;
  var last = about.last_token;
  var ended = about.wanted == vec4u();
  if (!prefill) {
    if (params.first == 0u) {
      copy_prefix(about.prefix_row, about.prefix_length);
    } else {
      for (var s = 0u; s < 4u; s++) {
        last[s] = token[(row + s) * params.max_length + params.first - 1u];
      }
      ended = ended | (last == vec4u(params.end_token));
    }
  }
  // One loop for both, as compilers put a copy of the layers wherever they are called.
  let end = select(params.first + params.count, params.prefix_slots, prefill);
  for (var position = params.first; position < end; position++) {
    var slot = position;
    var tokens = last;
    var places = vec4u(position);
    var seen = vec4u(params.prefix_slots);
    if (prefill) {
      for (var s = 0u; s < 4u; s++) {
        tokens[s] = 0u;
        if (slot < about.prefix_length[s]) {
          tokens[s] = prefix_token[about.prefix_row[s] + slot];
        }
      }
    } else {
      if (!workgroup_goes_on(ended)) {
        // What a later call takes for the last token.
        for (var s = 0u; s < 4u; s++) {
          token[(row + s) * params.max_length + position] = params.end_token;
        }
        continue;
      }
      slot += params.prefix_slots;
      places += about.prefix_length;
      seen = about.prefix_length;
    }
    run_layers(tokens, places, slot, seen);
    if (!prefill) {
      last = choose(row, position, ended);
      ended = ended | (last == vec4u(params.end_token));
    }
  }
}
