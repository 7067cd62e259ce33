//! Which adapter a row (one token in flight) goes through: several share a dispatch.

struct RowAdapter {
  /// Where the adapter's factors begin, in vec4s.
  base4: u32,
  /// lora_alpha ÷ rank, or ÷ √rank; 0: the row has no adapter, and nothing of it is computed.
  scale: f32,
}
