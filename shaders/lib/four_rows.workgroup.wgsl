//! Four rows of a matrix at one column of four, the same for all lanes: each lane loads all four.

fn four_rows(first4: u32, stride4: u32, lane: u32) -> mat4x4f {
  return mat4x4f(
    parameters[first4],
    parameters[first4 + stride4],
    parameters[first4 + 2u * stride4],
    parameters[first4 + 3u * stride4],
  );
}
