//! What every sampler keeps of a token, of the distribution that it drew from, in nats.

/// TypeScript reads it by these names. A token after the end is 0 throughout.
struct TokenStats {
  log_prob: f32,
  entropy: f32,
  /// KL(U‖π) = −(1/V)·Σ_j ln(V·π_j)
  self_certainty: f32,
  /// Makes whole rows of 16 bytes.
  unused: f32,
}
