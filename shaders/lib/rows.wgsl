//! What a row (one token in flight) attends to. Keys lie in a cache of rows shared by everything in flight:
//! prefix rows [prefix_start, prefix_start + prefix_length), shared by all rollouts of a prompt, then own rows
//! [own_start, the row itself]. query_end: one past the last row that attends to this one (training only).
//! In training a row is its own cache row (stride 1, offset 0); in decoding row i sits at i·stride + offset.

struct RowMeta {
  prefix_start: u32,
  prefix_length: u32,
  own_start: u32,
  query_end: u32,
}

fn position_of(row_info: RowMeta, cache_row: u32) -> u32 {
  return row_info.prefix_length + cache_row - row_info.own_start;
}
