//! What the thread `mask` away (xor) holds; masks 1 and 2 stay within four neighbours, which share a subgroup.
enable subgroups;

fn exchange(value: vec4f, mask: u32, thread: u32) -> vec4f {
  return subgroupShuffleXor(value, mask);
}
