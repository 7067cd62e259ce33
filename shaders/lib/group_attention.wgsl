//! Attention of rollout/group: scores in workgroup memory, then softmax and weighted sum.

/// Scores of the queries at INPUT, [SEQUENCES, heads, prefix4 + own slots/4] at WIDE; LOWEST where nothing is seen.
fn put_scores(layer: u32, slot: u32, slots4: u32) {
  let head4 = params.head_dim / 4u;
  let heads = params.queries / params.head_dim;
  let shared_by = params.queries / params.keys;
  let scale = 1.0 / sqrt(f32(params.head_dim));
  for (var item = thread; item < SEQUENCES * heads * slots4; item += THREADS) {
    let j = item % slots4;
    let h = item / slots4 % heads;
    let s = item / slots4 / heads;
    let query = INPUT + (s * heads + h) * head4;
    let key = h / shared_by * head4;
    var score = vec4f();
    var seen: vec4<bool>;
    if (!PREFILL && j < params.prefix4) {
      let slots = params.prefix_slots;
      var at = cache_at(prefix_row[s], slots, layer, 0u) + key * slots + 4u * j;
      for (var d = 0u; d < head4; d++) {
        score += kept[query + d] * mat4x4f(prefix[at], prefix[at + 1u], prefix[at + 2u], prefix[at + 3u]);
        at += slots;
      }
      seen = 4u * j + EACH < vec4u(prefix_length[s]);
    } else {
      let first = 4u * (j - params.prefix4);
      let slots = params.slots;
      var at = cache_at(cache_row(s), slots, layer, 0u) + key * slots + first;
      for (var d = 0u; d < head4; d++) {
        score += kept[query + d] * mat4x4f(cache[at], cache[at + 1u], cache[at + 2u], cache[at + 3u]);
        at += slots;
      }
      seen = first + EACH <= vec4u(slot_of(s, slot));
    }
    kept[WIDE + item] = select(LOWEST4, score * scale, seen);
  }
  workgroupBarrier();
}

/// INPUT = values weighted by softmax of the scores at WIDE. Every thread takes its softmax itself: what repeats is
/// a few exponentials, and a barrier is saved.
fn weigh(layer: u32, slot: u32, slots4: u32) {
  let head4 = params.head_dim / 4u;
  let heads = params.queries / params.head_dim;
  let queries4 = params.queries / 4u;
  let keys4 = params.keys / 4u;
  let shared_by = params.queries / params.keys;
  for (var item = thread; item < SEQUENCES * queries4; item += THREADS) {
    let s = item / queries4;
    let h = item % queries4 / head4;
    let value = h / shared_by * head4 + item % head4;
    let scores = WIDE + (s * heads + h) * slots4;
    var tops = LOWEST4;
    for (var j = 0u; j < slots4; j++) {
      tops = max(tops, kept[scores + j]);
    }
    let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
    var sum = vec4f();
    var total = 0.0;
    if (!PREFILL) {
      var at = cache_at(prefix_row[s], params.prefix_slots, layer, 1u) + value;
      for (var j = 0u; j < prefix_length[s]; j++) {
        let weight = exp(kept[scores + j / 4u][j % 4u] - top);
        total += weight;
        sum += weight * prefix[at];
        at += keys4;
      }
    }
    let own_scores = scores + params.prefix4;
    var at = cache_at(cache_row(s), params.slots, layer, 1u) + value;
    for (var j = 0u; j <= slot_of(s, slot); j++) {
      let weight = exp(kept[own_scores + j / 4u][j % 4u] - top);
      total += weight;
      sum += weight * cache[at];
      at += keys4;
    }
    kept[INPUT + item] = sum / total;
  }
  workgroupBarrier();
}
