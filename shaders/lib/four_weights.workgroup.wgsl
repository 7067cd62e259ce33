//! Rows row … row + 3 of a weight matrix (row `last` in place of those behind it) at one column of four, the same
//! for all lanes: each lane loads all four.

fn four_weights(column4: u32, row: u32, last: u32, stride4: u32, lane: u32) -> mat4x4f {
  let at = column4 + min(row + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * stride4;
  return mat4x4f(parameters[at.x], parameters[at.y], parameters[at.z], parameters[at.w]);
}
