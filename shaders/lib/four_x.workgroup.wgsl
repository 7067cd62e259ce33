//! Four rows of x at one column of four, the same for all lanes: each lane loads all four.

fn four_x(first4: u32, stride4: u32, lane: u32) -> mat4x4f {
  return mat4x4f(
    vec4f(x[first4]), vec4f(x[first4 + stride4]), vec4f(x[first4 + 2u * stride4]), vec4f(x[first4 + 3u * stride4]),
  );
}
