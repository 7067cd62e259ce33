//! softmax(logits[row]·inverse) by a workgroup of 256 lanes, each with a block of columns; sums in a fixed order.
//! Whoever uses it binds logits: array<vec4f>, rows of stride4 vec4s, columns from vocab on undefined.
//! use lib/tree

const LANES = 256u;
const BELOW = -3.0e38;

struct Choices {
  /// max_j z_j, z = logits·inverse
  highest: f32,
  /// The first column that has it.
  best: u32,
  /// Σ_j e^(z_j − highest)
  sum: f32,
  /// Σ_j e^(z_j − highest)·(z_j − highest)
  weighted: f32,
  /// Σ_j (z_j − highest)
  shifted: f32,
  /// Of the columns of the lane's own block: Σ_j e^(z_j − highest).
  own: f32,
}

/// A lane's columns, in vec4s: [x, y).
fn block_of(lane: u32, stride4: u32) -> vec2u {
  let each = (stride4 + LANES - 1u) / LANES;
  return min(vec2u(lane, lane + 1u) * each, vec2u(stride4));
}

fn four_choices(row: u32, column4: u32, stride4: u32, vocab: u32, inverse: f32) -> vec4f {
  let columns = column4 * 4u + vec4u(0u, 1u, 2u, 3u);
  return select(vec4f(BELOW), logits[row * stride4 + column4] * inverse, columns < vec4u(vocab));
}

fn choices_of(row: u32, lane: u32, stride4: u32, vocab: u32, inverse: f32) -> Choices {
  let block = block_of(lane, stride4);
  var top = vec4f(BELOW);
  for (var i = block.x; i < block.y; i++) {
    top = max(top, four_choices(row, i, stride4, vocab, inverse));
  }
  let highest = largest_of_all(lane, max(max(top.x, top.y), max(top.z, top.w)));
  // Column numbers are exact in f32 up to 2^24; the first of equals is the largest of their negatives.
  var first = BELOW;
  var sum = vec4f();
  var weighted = vec4f();
  var shifted = vec4f();
  for (var i = block.x; i < block.y; i++) {
    let z = four_choices(row, i, stride4, vocab, inverse) - highest;
    for (var j = 0u; j < 4u; j++) {
      if (z[j] == 0.0) {
        first = max(first, -f32(4u * i + j));
      }
    }
    let e = exp(max(z, vec4f(-200.0)));
    sum += e;
    weighted += select(vec4f(), e * z, e > vec4f());
    shifted += select(vec4f(), z, 4u * i + vec4u(0u, 1u, 2u, 3u) < vec4u(vocab));
  }
  let own = (sum.x + sum.y) + (sum.z + sum.w);
  return Choices(
    highest,
    u32(-largest_of_all(lane, first)),
    sum_of_all(lane, own),
    sum_of_all(lane, (weighted.x + weighted.y) + (weighted.z + weighted.w)),
    sum_of_all(lane, (shifted.x + shifted.y) + (shifted.z + shifted.w)),
    own,
  );
}
