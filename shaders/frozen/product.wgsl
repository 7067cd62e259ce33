//! y[r, first + n] = Σ_k x[r,k]·w[n,k]
//! biased: bias[first + n] is added   added: y is added to, instead of written
//! x: [rows, eights · 8], zero where it pads   w: [outputs, inputs] as lib/stored has it, rows of eights · 8 numbers
//! bias: [first + outputs]   y: [rows, stride]
//! A tile of a matrix: outputs first … first + outputs − 1 of it.
//! One workgroup per 8 rows and 16 outputs: 16 lanes share the sums over k of 4 outputs. Neighbouring workgroups have
//! the same outputs, so that a weight is fetched once however many rows there are.
//! use lib/stored

struct Params {
  rows: u32,
  eights: u32,
  outputs: u32,
  first: u32,
  stride: u32,
  /// 1 or 0; no overrides, as each combination would be compiled anew.
  biased: u32,
  added: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<vec4u>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const SHARES = 16u;
const ROWS = 8u;

/// Of each lane: its share of the sums of four outputs, for each row.
var<workgroup> shares: array<vec4f, 512>;

fn store(row: u32, n: u32, value: f32) {
  if (n < params.outputs) {
    let at = row * params.stride + params.first + n;
    var sum = value;
    if (params.biased == 1u) {
      sum += bias[params.first + n];
    }
    if (params.added == 1u) {
      sum += y[at];
    }
    y[at] = sum;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let tiles = (params.rows + ROWS - 1u) / ROWS;
  let flat = group.x + group.y * groups.x;
  let first_row = (flat % tiles) * ROWS;
  let first_output = (flat / tiles) * 16u;
  if (first_output >= params.outputs) {
    return;
  }
  let eights = params.eights;
  let n = min(vec4u(first_output + 4u * (lane / SHARES)) + vec4u(0u, 1u, 2u, 3u), vec4u(params.outputs - 1u)) * eights;
  let last = params.rows - 1u;
  let low = min(vec4u(first_row) + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * 2u * eights;
  let high = min(vec4u(first_row) + vec4u(4u, 5u, 6u, 7u), vec4u(last)) * 2u * eights;

  // Columns are rows of x, their entries outputs.
  var a = mat4x4f();
  var b = mat4x4f();
  for (var k = lane % SHARES; k < eights; k += SHARES) {
    let p = eight_weights(n.x + k);
    let q = eight_weights(n.y + k);
    let r = eight_weights(n.z + k);
    let s = eight_weights(n.w + k);
    let left = mat4x4f(p[0], q[0], r[0], s[0]);
    let right = mat4x4f(p[1], q[1], r[1], s[1]);
    let k4 = 2u * k;
    a += mat4x4f(
      x[low.x + k4] * left + x[low.x + k4 + 1u] * right,
      x[low.y + k4] * left + x[low.y + k4 + 1u] * right,
      x[low.z + k4] * left + x[low.z + k4 + 1u] * right,
      x[low.w + k4] * left + x[low.w + k4 + 1u] * right,
    );
    b += mat4x4f(
      x[high.x + k4] * left + x[high.x + k4 + 1u] * right,
      x[high.y + k4] * left + x[high.y + k4 + 1u] * right,
      x[high.z + k4] * left + x[high.z + k4 + 1u] * right,
      x[high.w + k4] * left + x[high.w + k4 + 1u] * right,
    );
  }
  // No index that varies: it would put the sums into memory.
  let at = lane * ROWS;
  shares[at] = a[0];
  shares[at + 1u] = a[1];
  shares[at + 2u] = a[2];
  shares[at + 3u] = a[3];
  shares[at + 4u] = b[0];
  shares[at + 5u] = b[1];
  shares[at + 6u] = b[2];
  shares[at + 7u] = b[3];
  workgroupBarrier();
  // Four outputs of a row for each of the first 32 lanes.
  let row = first_row + lane / 4u;
  if (lane >= 32u || row > last) {
    return;
  }
  var sum = vec4f();
  for (var share = 0u; share < SHARES; share++) {
    sum += shares[((lane % 4u) * SHARES + share) * ROWS + lane / 4u];
  }
  let to = first_output + 4u * (lane % 4u);
  store(row, to, sum.x);
  store(row, to + 1u, sum.y);
  store(row, to + 2u, sum.z);
  store(row, to + 3u, sum.w);
}
