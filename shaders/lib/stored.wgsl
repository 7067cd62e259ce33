//! Eight numbers of a frozen matrix as they are stored: f32; bf16 or f16, two to a word, all exact in f32; or int8,
//! four to a word, times the scale of their group of 32. Rows begin at whole groups of 32 numbers.
//! Whoever uses it binds weights: array<vec4u> and scales: array<f32>, which int8 alone reads.

/// 0 f32, 1 bf16, 2 f16, 3 int8 (src/engine/frozen/matrix.ts).
override STORED: u32 = 0u;

fn four_bf16(words: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

fn four_int8(word: u32) -> vec4f {
  return vec4f(vec4i(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

/// Numbers 8·index … 8·index + 7 of the matrix, its rows behind one another.
fn eight_weights(index: u32) -> mat2x4f {
  if (STORED == 1u) {
    let words = weights[index];
    return mat2x4f(four_bf16(words.xy), four_bf16(words.zw));
  }
  if (STORED == 2u) {
    let words = weights[index];
    return mat2x4f(
      vec4f(unpack2x16float(words.x), unpack2x16float(words.y)),
      vec4f(unpack2x16float(words.z), unpack2x16float(words.w)),
    );
  }
  if (STORED == 3u) {
    let both = weights[index / 2u];
    let words = select(both.xy, both.zw, index % 2u == 1u);
    let scale = scales[index / 4u];
    return mat2x4f(four_int8(words.x) * scale, four_int8(words.y) * scale);
  }
  return mat2x4f(bitcast<vec4f>(weights[2u * index]), bitcast<vec4f>(weights[2u * index + 1u]));
}
