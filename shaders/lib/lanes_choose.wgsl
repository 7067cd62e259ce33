//! Head and sampling of rollout/lanes: one token of each of a thread's four sequences.
//! use lib/philox
//! use lib/token_stats

/// One token of each sequence from softmax(logits/T), as rollout/sample.
fn choose(row: u32, position: u32, ended: vec4<bool>) -> vec4u {
  let hidden4 = params.hidden / 4u;
  norm(slab + params.final_norm4);
  // Rows beyond the vocabulary are never looked at; they may be whatever lies behind it.
  for (var n = 0u; n < params.vocab; n += 8u) {
    let sum = eight_products(&normed, slab + params.head4 + n * hidden4, hidden4);
    for (var i = 0u; i < 4u; i++) {
      logits[n + i] = sum.a[i];
      logits[n + 4u + i] = sum.b[i];
    }
  }
  var temperature: vec4f;
  for (var s = 0u; s < 4u; s++) {
    temperature[s] = bitcast<f32>(sequence[2u * (row + s) + 1u].x);
  }
  let greedy = temperature == vec4f();
  let inverse = select(1.0 / temperature, vec4f(1.0), greedy);
  var highest = vec4f(LOWEST);
  var best = vec4u();
  for (var v = 0u; v < params.vocab; v++) {
    let z = logits[v] * inverse;
    best = select(best, vec4u(v), z > highest);
    highest = max(highest, z);
  }
  var sum = vec4f();
  var weighted = vec4f();
  var shifted = vec4f();
  for (var v = 0u; v < params.vocab; v++) {
    let z = logits[v] * inverse - highest;
    let e = exp(z);
    logits[v] = z;
    sum += e;
    weighted += select(vec4f(), e * z, e > vec4f());
    shifted += z;
  }
  let log_sum = log(sum);
  var random: vec4f;
  for (var s = 0u; s < 4u; s++) {
    let how = sequence[2u * (row + s) + 1u];
    random[s] = unit_float(philox4x32(
      vec4u(position, how.y, params.step, how.z),
      vec2u(params.seed_low, params.seed_high),
    ).x);
  }
  random *= sum;
  var below = vec4f();
  var open = !greedy;
  var chosen = best;
  var chosen_z = vec4f();
  for (var v = 0u; v < params.vocab; v++) {
    let e = exp(logits[v]);
    chosen = select(chosen, vec4u(v), open & (e > vec4f()));
    below += e;
    open = open & !(random < below);
    chosen_z = select(chosen_z, logits[v], chosen == vec4u(v));
  }
  let vocab = f32(params.vocab);
  let log_prob = chosen_z - log_sum;
  let entropy = log_sum - weighted / sum;
  let certainty = log_sum - shifted / vocab - log(vocab);
  chosen = select(chosen, vec4u(params.end_token), ended);
  for (var s = 0u; s < 4u; s++) {
    let at = (row + s) * params.max_length + position;
    token[at] = chosen[s];
    if (ended[s]) {
      stats[at] = TokenStats();
    } else {
      stats[at] = TokenStats(log_prob[s], entropy[s], certainty[s], 0.0);
    }
  }
  return chosen;
}
