//! Four rows of x at one column of four, the same for all lanes: lane l loads row l mod 4, and the four are
//! broadcast. A quarter of the loads of the twin; subgroups have four lanes at least.
enable subgroups;

fn four_x(first4: u32, stride4: u32, lane: u32) -> mat4x4f {
  let mine = vec4f(x[first4 + (lane & 3u) * stride4]);
  return mat4x4f(
    subgroupBroadcast(mine, 0u),
    subgroupBroadcast(mine, 1u),
    subgroupBroadcast(mine, 2u),
    subgroupBroadcast(mine, 3u),
  );
}
