//! Rows row … row + 3 of a weight matrix (row `last` in place of those behind it) at one column of four, the same
//! for all lanes: lane l loads row l mod 4, and the four are broadcast. Subgroups have four lanes at least.
enable subgroups;

fn four_weights(column4: u32, row: u32, last: u32, stride4: u32, lane: u32) -> mat4x4f {
  let mine = parameters[column4 + min(row + (lane & 3u), last) * stride4];
  return mat4x4f(
    subgroupBroadcast(mine, 0u),
    subgroupBroadcast(mine, 1u),
    subgroupBroadcast(mine, 2u),
    subgroupBroadcast(mine, 3u),
  );
}
