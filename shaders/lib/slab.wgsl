//! Rows of up to three models share a dispatch: policy, then anchor or reference from row split.x, then
//! a third from row split.y. Their parameters are slabs of one buffer; slab4 holds the offsets in vec4s.

fn slab_of(row: u32, split: vec4u, slab4: vec4u) -> u32 {
  return select(select(slab4.x, slab4.y, row >= split.x), slab4.z, row >= split.y);
}
