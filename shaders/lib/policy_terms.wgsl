//! What one token adds to the loss, and the slope of that by its log-probability.
//! ρ = π/π_old, log-ratio clamped to ±20:  max(−A·ρ, −A·clip(ρ, 1−clip_low, 1+clip_high)), at most −A·3 where A < 0
//! k3 = e^Δ − Δ − 1, Δ = ln π_ref − ln π, clamped to 10       (docs/algorithm.md, step 7; PPO, GRPO 2402.03300)
//! clipped: 1 where the clip range decides; the bound of 3 does not count (verl's pg_clipfrac)

struct PolicyTerm {
  term: f32,
  slope: f32,
  clipped: f32,
  ratio: f32,
}

fn policy_term(advantage: f32, log_ratio: f32, clip_low: f32, clip_high: f32) -> PolicyTerm {
  let ratio = exp(clamp(log_ratio, -20.0, 20.0));
  let free = -advantage * ratio;
  let bounded = -advantage * clamp(ratio, 1.0 - clip_low, 1.0 + clip_high);
  var term = max(free, bounded);
  // So compared that NaN passes on: a gradient of 0 would hide it.
  var slope = select(free, 0.0, bounded > free || abs(log_ratio) > 20.0);
  let clipped = select(0.0, 1.0, bounded > free);
  if (advantage < 0.0 && term > -advantage * 3.0) {
    term = -advantage * 3.0;
    slope = 0.0;
  }
  return PolicyTerm(term, slope, clipped, ratio);
}

/// e^Δ − Δ − 1 without cancellation near 0, where it is Δ²/2·(1 + Δ/3·(1 + Δ/4)).
fn k3(delta: f32) -> f32 {
  let series = 0.5 * delta * delta * (1.0 + delta / 3.0 * (1.0 + delta * 0.25));
  return min(select(exp(min(delta, 80.0)) - delta - 1.0, series, abs(delta) < 0.02), 10.0);
}

/// The slope of k3 by ln π, of which `k3_value` is the value.
fn k3_slope(delta: f32, k3_value: f32) -> f32 {
  return select(0.0, 1.0 - exp(min(delta, 80.0)), k3_value < 10.0);
}
