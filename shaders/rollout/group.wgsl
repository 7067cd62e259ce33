//! A whole rollout in one dispatch: embedding, every layer, sampling, token after token. A workgroup owns SEQUENCES
//! sequences, their activations in its memory; a weight is loaded once for all of them. In matrix products four
//! neighbouring threads share four outputs of all sequences, each taking every fourth column.
//! PREFILL: no sampling; a workgroup owns a prompt, its sequences are tokens of it side by side, chunk after chunk
//! [first, first + count); the prompt's tokens but its last fill the keys and values of its row of `cache`.
//! Otherwise tokens at positions [first, first + count) of every rollout follow its prompt's row of `prefix`. A call
//! may be cut into several without changing a bit, and no bit depends on SEQUENCES or on the neighbours.
//! sequence: [rows, 2] of (prefix row, prefix length, last prompt token, 1 if wanted), (T as bits, rollout,
//! purpose, 0); with PREFILL (first prefix token, prefix length, 0, 1)
//! cache: [rows, layers] of keys [kv_heads·D/4, slots] and values [slots, kv_heads·D/4]; prefix: the same of the prompts
//! token: [rows, max_length]   stats: [rows, max_length], as rollout/sample
//! A rollout that ended repeats the end token; a workgroup whose rollouts all ended stops.
//! Random stream: as rollout/sample.
//! Prelude: SEQUENCES. INPUT, WIDE, KEPT: where regions of `kept` begin and end. THREADS threads a workgroup, at
//! least PARTS·SEQUENCES; all its rows of one model.
//! use lib/slab
//! use lib/exchange
//! use lib/group_attention
//! use lib/group_choose

override PREFILL: bool = false;
override THREADS: u32 = 64;
override INPUT: u32 = 1;
override WIDE: u32 = 2;
override KEPT: u32 = 3;

struct Params {
  first: u32,
  count: u32,
  prefix4: u32,
  prefix_slots: u32,
  slots: u32,
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
@group(0) @binding(4) var<storage, read> prefix: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> cache: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> token: array<u32>;
@group(0) @binding(7) var<storage, read_write> stats: array<TokenStats>;
@group(1) @binding(0) var<uniform> params: Params;

const LOWEST = -3.0e38;
const LOWEST4 = vec4f(LOWEST);
const EACH = vec4u(0u, 1u, 2u, 3u);
/// Threads that sum over one sequence.
const PARTS = 16u;
const QUADS = (SEQUENCES + 3u) / 4u;

/// Residual stream, then from INPUT what a product or attention reads, then from WIDE in turn: q, k and v; scores;
/// the gated units; logits. Each [SEQUENCES, width/4].
var<workgroup> kept: array<vec4f, KEPT>;
var<workgroup> scratch: array<vec4f, THREADS>;
var<workgroup> peak: array<f32, PARTS * SEQUENCES>;
var<workgroup> current: array<u32, SEQUENCES>;
var<workgroup> running: array<u32, SEQUENCES>;
var<workgroup> prefix_row: array<u32, SEQUENCES>;
/// Prefix slots that attention sees; none with PREFILL.
var<workgroup> prefix_length: array<u32, SEQUENCES>;
var<workgroup> any_running: u32;

var<private> thread: u32;
var<private> first_row: u32;
var<private> slab: u32;

fn cache_row(s: u32) -> u32 {
  return first_row + select(s, 0u, PREFILL);
}

/// A sequence's own slot of a token, where the workgroup's first is at `slot`.
fn slot_of(s: u32, slot: u32) -> u32 {
  return slot + select(0u, s, PREFILL);
}

/// First vec4 of a row's keys (which = 0) or values (1) of a layer.
fn cache_at(row: u32, slots: u32, layer: u32, which: u32) -> u32 {
  return ((row * params.layers + layer) * 2u + which) * slots * (params.keys / 4u);
}

/// In every four neighbours: thread i gets column i summed over the four, always in the same order.
fn column_sum(columns: mat4x4f) -> vec4f {
  let odd = (thread & 1u) == 1u;
  let high = (thread & 2u) == 2u;
  let ab = select(columns[0], columns[1], odd) + exchange(select(columns[1], columns[0], odd), 1u, thread);
  let cd = select(columns[2], columns[3], odd) + exchange(select(columns[3], columns[2], odd), 1u, thread);
  return select(ab, cd, high) + exchange(select(cd, ab, high), 2u, thread);
}

/// Products of [SEQUENCES, width4] at `input` with four rows of a matrix. Thread i of four neighbours gets those
/// of sequences i, 4 + i, …; every thread takes part, but only those with `inside` do work.
fn four_products(input: u32, first4: u32, width4: u32, inside: bool) -> array<vec4f, QUADS> {
  var sum = array<vec4f, 4u * QUADS>();
  let end = select(0u, width4, inside);
  for (var k = thread & 3u; k < end; k += 4u) {
    let at = first4 + k;
    let rows = mat4x4f(
      parameters[at], parameters[at + width4], parameters[at + 2u * width4], parameters[at + 3u * width4],
    );
    for (var s = 0u; s < SEQUENCES; s++) {
      sum[s] += kept[input + s * width4 + k] * rows;
    }
  }
  var mine = array<vec4f, QUADS>();
  for (var i = 0u; i < QUADS; i++) {
    let at = 4u * i;
    mine[i] = column_sum(mat4x4f(sum[at], sum[at + 1u], sum[at + 2u], sum[at + 3u]));
  }
  return mine;
}

/// One of a layer's matrix products, of 4·count4 outputs; the outputs are put at WIDE or added to the residual stream.
struct Product {
  input: u32,
  /// Of the matrix in the model; whose model it is must not show here, as WGSL holds that to differ by thread.
  first4: u32,
  width4: u32,
  count4: u32,
  adds: bool,
  /// From the gates' matrix to the units they open, in vec4s; 0 where nothing is gated.
  gated4: u32,
}

/// The products of a layer in turn; the first behind the last layer gives the logits.
fn product_of(layer: u32, stage: u32) -> Product {
  let matrices = layer * params.matrix_stride4;
  let hidden4 = params.hidden / 4u;
  let queries4 = params.queries / 4u;
  let inner4 = params.inner / 4u;
  switch stage {
    case 0u: {
      if (layer == params.layers) {
        // Beyond the vocabulary outputs mean nothing.
        return Product(INPUT, params.head4, hidden4, (params.vocab + 3u) / 4u, false, 0u);
      }
      return Product(INPUT, matrices + params.qkv4, hidden4, (params.queries + 2u * params.keys) / 4u, false, 0u);
    }
    case 1u: {
      return Product(INPUT, matrices + params.output4, queries4, hidden4, true, 0u);
    }
    case 2u: {
      return Product(INPUT, matrices + params.gate_up4, hidden4, inner4, false, params.inner * hidden4);
    }
    default: {
      return Product(WIDE, matrices + params.down4, inner4, hidden4, true, 0u);
    }
  }
}

fn multiply(one: Product) {
  let passes = select(1u, 2u, one.gated4 > 0u);
  for (var tile = 0u; tile < one.count4; tile += THREADS / 4u) {
    let n4 = tile + thread / 4u;
    let inside = n4 < one.count4;
    var at4 = slab + one.first4 + 4u * n4 * one.width4;
    var gates = array<vec4f, QUADS>();
    var mine = array<vec4f, QUADS>();
    for (var i = 0u; i < passes; i++) {
      gates = mine;
      mine = four_products(one.input, at4, one.width4, inside);
      at4 += one.gated4;
    }
    for (var i = 0u; i < QUADS; i++) {
      let s = 4u * i + (thread & 3u);
      if (inside && s < SEQUENCES) {
        let to = s * one.count4 + n4;
        if (one.adds) {
          kept[to] += mine[i];
        } else {
          kept[WIDE + to] = select(mine[i], gates[i] / (1.0 + exp(-gates[i])) * mine[i], passes == 2u);
        }
      }
    }
  }
  workgroupBarrier();
}

/// INPUT = x·rstd·gain of the residual stream
fn norm(gain4: u32) {
  let s = thread / PARTS;
  let part = thread % PARTS;
  let width4 = params.hidden / 4u;
  let begin = s * width4;
  if (s < SEQUENCES) {
    var squares = 0.0;
    for (var i = part; i < width4; i += PARTS) {
      squares += dot(kept[begin + i], kept[begin + i]);
    }
    scratch[thread] = vec4f(squares);
  }
  workgroupBarrier();
  if (s < SEQUENCES) {
    var squares = 0.0;
    for (var i = 0u; i < min(PARTS, width4); i++) {
      squares += scratch[s * PARTS + i].x;
    }
    let rstd = inverseSqrt(squares / f32(params.hidden) + params.eps);
    for (var i = part; i < width4; i += PARTS) {
      kept[INPUT + begin + i] = kept[begin + i] * rstd * parameters[gain4 + i];
    }
  }
  workgroupBarrier();
}

/// Norm and rotation of the heads at WIDE: queries to INPUT, keys and values to the cache.
fn place_heads(layer: u32, gains: u32, slot: u32) {
  let queries4 = params.queries / 4u;
  let keys4 = params.keys / 4u;
  let width4 = queries4 + 2u * keys4;
  let head4 = params.head_dim / 4u;
  let middle4 = head4 / 2u;
  for (var item = thread; item < SEQUENCES * width4; item += THREADS) {
    let s = item / width4;
    let n = item % width4;
    if (running[s] == 0u) {
      continue;
    }
    let own = slot_of(s, slot);
    if (n >= queries4 + keys4) {
      cache[cache_at(cache_row(s), params.slots, layer, 1u) + own * keys4 + n - queries4 - keys4] = kept[WIDE + item];
      continue;
    }
    let d = n % head4;
    let begin = WIDE + item - d;
    var squares = 0.0;
    for (var i = 0u; i < head4; i++) {
      squares += dot(kept[begin + i], kept[begin + i]);
    }
    let rstd = inverseSqrt(squares / f32(params.head_dim) + params.eps);
    let is_query = n < queries4;
    let gain4 = gains + select(params.k_norm4, params.q_norm4, is_query);
    let first = d < middle4;
    let other = select(d - middle4, d + middle4, first);
    let here = kept[begin + d] * rstd * parameters[gain4 + d];
    let there = kept[begin + other] * rstd * parameters[gain4 + other];
    let turn = (prefix_length[s] + own) * head4 + d % middle4;
    let turned = here * rope[turn] + select(there, -there, first) * rope[turn + middle4];
    if (is_query) {
      kept[INPUT + s * queries4 + n] = turned;
    } else {
      cache[cache_at(cache_row(s), params.slots, layer, 0u) + (n - queries4) * params.slots + own] = turned;
    }
  }
  storageBarrier();
  workgroupBarrier();
}

/// From the current tokens to logits at WIDE; with PREFILL, to the keys and values of the last layer. Drivers
/// inline every call, so norm and multiply are called once, in a loop over all products.
fn run_model(slot: u32) {
  let hidden4 = params.hidden / 4u;
  for (var item = thread; item < SEQUENCES * hidden4; item += THREADS) {
    kept[item] = parameters[slab + params.embedding4 + current[item / hidden4] * hidden4 + item % hidden4];
  }
  workgroupBarrier();
  let slots4 = params.prefix4 + select(slot, slot + SEQUENCES - 1u, PREFILL) / 4u + 1u;
  for (var product = 0u; product <= 4u * params.layers; product++) {
    let layer = product / 4u;
    let stage = product % 4u;
    let gains = slab + layer * params.gain_stride4;
    if (stage % 2u == 0u) {
      let own = gains + select(params.input_norm4, params.post_norm4, stage == 2u);
      norm(select(own, slab + params.final_norm4, layer == params.layers));
    }
    multiply(product_of(layer, stage));
    if (stage == 0u && layer < params.layers) {
      place_heads(layer, gains, slot);
      if (PREFILL && layer + 1u == params.layers) {
        return;
      }
      put_scores(layer, slot, slots4);
      weigh(layer, slot, slots4);
    }
  }
}

/// Whether any sequence of the workgroup goes on.
fn workgroup_goes_on() -> bool {
  if (thread == 0u) {
    var any = 0u;
    for (var s = 0u; s < SEQUENCES; s++) {
      any |= running[s];
    }
    any_running = any;
  }
  return workgroupUniformLoad(&any_running) == 1u;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {
  thread = local;
  first_row = select(group.x * SEQUENCES, group.x, PREFILL);
  slab = slab_of(first_row, params.split, params.slab4);
  if (PREFILL) {
    let about = sequence[2u * first_row];
    for (var chunk = params.first; chunk < params.first + params.count; chunk++) {
      let slot = chunk * SEQUENCES;
      if (thread < SEQUENCES) {
        let inside = slot + thread < about.y;
        running[thread] = select(0u, 1u, inside);
        current[thread] = select(0u, prefix_token[about.x + slot + thread], inside);
        prefix_length[thread] = 0u;
      }
      workgroupBarrier();
      if (!workgroup_goes_on()) {
        return;
      }
      run_model(slot);
    }
    return;
  }
  if (thread < SEQUENCES) {
    let row = first_row + thread;
    let about = sequence[2u * row];
    var last = about.z;
    var runs = about.w;
    if (params.first > 0u) {
      last = token[row * params.max_length + params.first - 1u];
      runs = select(runs, 0u, last == params.end_token);
    }
    prefix_row[thread] = about.x;
    prefix_length[thread] = about.y;
    current[thread] = last;
    running[thread] = runs;
  }
  workgroupBarrier();
  for (var position = params.first; position < params.first + params.count; position++) {
    if (workgroup_goes_on()) {
      run_model(position);
      choose(position);
    } else if (thread < SEQUENCES) {
      // What a later call takes for the last token.
      token[(first_row + thread) * params.max_length + position] = params.end_token;
    }
  }
}
