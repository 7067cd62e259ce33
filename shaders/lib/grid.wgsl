//! Flat index of a thread in a grid that may spill into y: a dimension holds at most 65,535 workgroups.
//! Every kernel of one thread per element runs in workgroups of 64.

fn flat_id(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * 64u;
}
