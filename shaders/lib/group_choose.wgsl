//! Sampling of rollout/group: some threads to a sequence.
//! use lib/philox
//! use lib/token_stats

/// One token of each sequence from softmax(logits/T), logits at WIDE, as rollout/sample; PARTS threads share a sequence, each a
/// stretch of the vocabulary, whose sums are added in its order.
fn choose(position: u32) {
  let vocab4 = (params.vocab + 3u) / 4u;
  let s = thread / PARTS;
  let row = first_row + s;
  let stretch4 = (vocab4 + PARTS - 1u) / PARTS;
  let stretches = (vocab4 + stretch4 - 1u) / stretch4;
  let begin = thread % PARTS * stretch4;
  let end = min(begin + stretch4, vocab4);
  let logits = WIDE + s * vocab4;
  var greedy = false;
  var how = vec4u();
  if (s < SEQUENCES) {
    how = sequence[2u * row + 1u];
    let temperature = bitcast<f32>(how.x);
    greedy = temperature == 0.0;
    let inverse = select(1.0 / temperature, 1.0, greedy);
    var tops = LOWEST4;
    for (var i = begin; i < end; i++) {
      let z = select(LOWEST4, kept[logits + i] * inverse, 4u * i + EACH < vec4u(params.vocab));
      kept[logits + i] = z;
      tops = max(tops, z);
    }
    peak[thread] = max(max(tops.x, tops.y), max(tops.z, tops.w));
  }
  workgroupBarrier();
  if (s < SEQUENCES) {
    var highest = LOWEST;
    for (var i = 0u; i < stretches; i++) {
      highest = max(highest, peak[s * PARTS + i]);
    }
    var sums = vec3f();
    var best = params.vocab;
    for (var i = begin; i < end; i++) {
      let scaled = kept[logits + i];
      let z = scaled - highest;
      kept[logits + i] = z;
      let inside = 4u * i + EACH < vec4u(params.vocab);
      let e = select(vec4f(), exp(z), inside);
      sums += vec3f(
        dot(e, vec4f(1.0)),
        dot(select(vec4f(), e * z, e > vec4f()), vec4f(1.0)),
        dot(select(vec4f(), z, inside), vec4f(1.0)),
      );
      let at_top = select(vec4u(params.vocab), 4u * i + EACH, scaled == vec4f(highest));
      best = min(best, min(min(at_top.x, at_top.y), min(at_top.z, at_top.w)));
    }
    scratch[thread] = vec4f(sums, f32(best));
  }
  workgroupBarrier();
  if (s < SEQUENCES && begin == 0u) {
    var sums = vec3f();
    var chosen = params.vocab;
    for (var i = 0u; i < stretches; i++) {
      sums += scratch[thread + i].xyz;
      chosen = min(chosen, u32(scratch[thread + i].w));
    }
    // Where nothing equals the highest, all is NaN; that is for others to report.
    chosen = select(chosen, 0u, chosen == params.vocab);
    if (!greedy) {
      let random = unit_float(philox4x32(
        vec4u(position, how.y, params.step, how.z),
        vec2u(params.seed_low, params.seed_high),
      ).x) * sums.x;
      var below = 0.0;
      var before = 0.0;
      var stretch = 0u;
      for (var i = 0u; i < stretches; i++) {
        let more = scratch[thread + i].x;
        if (more > 0.0) {
          before = below;
          stretch = i;
        }
        below += more;
        if (random < below) {
          break;
        }
      }
      below = before;
      let last = min(4u * (stretch + 1u) * stretch4, params.vocab);
      for (var v = 4u * stretch * stretch4; v < last; v++) {
        let e = exp(kept[logits + v / 4u][v % 4u]);
        if (e > 0.0) {
          chosen = v;
        }
        below += e;
        if (random < below) {
          break;
        }
      }
    }
    let log_sum = log(sums.x);
    let vocab = f32(params.vocab);
    let z = kept[logits + chosen / 4u][chosen % 4u];
    let runs = running[s] == 1u;
    chosen = select(params.end_token, chosen, runs);
    let at = row * params.max_length + position;
    token[at] = chosen;
    if (runs) {
      let certainty = log_sum - sums.z / vocab - log(vocab);
      stats[at] = TokenStats(z - log_sum, log_sum - sums.y / sums.x, certainty, 0.0);
    } else {
      stats[at] = TokenStats();
    }
    current[s] = chosen;
    running[s] = select(1u, 0u, chosen == params.end_token);
  }
  workgroupBarrier();
}
