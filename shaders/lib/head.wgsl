//! A head's vector of D ≤ 128 features in registers, zero behind D. Without loops and without indices that vary:
//! either puts the vector into memory on some drivers, and the attention passes then take up to twice as long.
//! Prelude: HALF4 = D/8.

const WIDTH4 = 2u * HALF4;

struct Head {
  a: mat4x4f,
  b: mat4x4f,
  c: mat4x4f,
  d: mat4x4f,
  e: mat4x4f,
  f: mat4x4f,
  g: mat4x4f,
  h: mat4x4f,
}

fn dot_four(x: mat4x4f, y: mat4x4f) -> f32 {
  return dot(x[0], y[0]) + dot(x[1], y[1]) + dot(x[2], y[2]) + dot(x[3], y[3]);
}

fn dot_head(x: Head, y: Head) -> f32 {
  var sum = dot_four(x.a, y.a);
  if (WIDTH4 > 4u) {
    sum += dot_four(x.b, y.b);
  }
  if (WIDTH4 > 8u) {
    sum += dot_four(x.c, y.c);
  }
  if (WIDTH4 > 12u) {
    sum += dot_four(x.d, y.d);
  }
  if (WIDTH4 > 16u) {
    sum += dot_four(x.e, y.e);
  }
  if (WIDTH4 > 20u) {
    sum += dot_four(x.f, y.f);
  }
  if (WIDTH4 > 24u) {
    sum += dot_four(x.g, y.g);
  }
  if (WIDTH4 > 28u) {
    sum += dot_four(x.h, y.h);
  }
  return sum;
}

/// x·s + y·t
fn mix_heads(x: Head, s: f32, y: Head, t: f32) -> Head {
  var sum: Head;
  sum.a = x.a * s + y.a * t;
  if (WIDTH4 > 4u) {
    sum.b = x.b * s + y.b * t;
  }
  if (WIDTH4 > 8u) {
    sum.c = x.c * s + y.c * t;
  }
  if (WIDTH4 > 12u) {
    sum.d = x.d * s + y.d * t;
  }
  if (WIDTH4 > 16u) {
    sum.e = x.e * s + y.e * t;
  }
  if (WIDTH4 > 20u) {
    sum.f = x.f * s + y.f * t;
  }
  if (WIDTH4 > 24u) {
    sum.g = x.g * s + y.g * t;
  }
  if (WIDTH4 > 28u) {
    sum.h = x.h * s + y.h * t;
  }
  return sum;
}
