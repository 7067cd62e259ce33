//! What the thread `mask` away (xor) holds, through `scratch`: [threads], whose contents are lost.

fn exchange(value: vec4f, mask: u32, thread: u32) -> vec4f {
  scratch[thread] = value;
  workgroupBarrier();
  let other = scratch[thread ^ mask];
  workgroupBarrier();
  return other;
}
