//! dx[r,k] = Σ_n dy[r, first + n]·w[n,k];   added: dx is added to, instead of written: tiles of a matrix follow one another
//! dy: [rows, stride]   w: [outputs, eights · 8] as lib/stored has it   dx: [rows, eights · 8], padding zero where w's is
//! A tile of a matrix: outputs first … first + outputs − 1 of it.
//! One workgroup per 8 rows and 32 inputs: four eights of inputs, 16 lanes each, that share the sum over n. Neighbouring
//! lanes have neighbouring eights of one row of w.
//! use lib/stored

struct Params {
  rows: u32,
  eights: u32,
  outputs: u32,
  first: u32,
  stride: u32,
  added: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<vec4u>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

const SHARES = 16u;
const ROWS = 8u;

/// Of each lane, for one row at a time: its share of the sums of eight inputs.
var<workgroup> shares: array<mat2x4f, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let tiles = (params.rows + ROWS - 1u) / ROWS;
  let flat = group.x + group.y * groups.x;
  let first_row = (flat % tiles) * ROWS;
  let first_eight = (flat / tiles) * 4u;
  if (first_eight >= params.eights) {
    return;
  }
  // Rows of a matrix are whole groups of 32: all four eights are there.
  let eight = first_eight + lane % 4u;
  let last = params.rows - 1u;
  let low = min(vec4u(first_row) + vec4u(0u, 1u, 2u, 3u), vec4u(last)) * params.stride + params.first;
  let high = min(vec4u(first_row) + vec4u(4u, 5u, 6u, 7u), vec4u(last)) * params.stride + params.first;
  var a = mat2x4f();
  var b = mat2x4f();
  var c = mat2x4f();
  var d = mat2x4f();
  var e = mat2x4f();
  var f = mat2x4f();
  var g = mat2x4f();
  var h = mat2x4f();
  for (var n = lane / 4u; n < params.outputs; n += SHARES) {
    let w = eight_weights(n * params.eights + eight);
    a += w * dy[low.x + n];
    b += w * dy[low.y + n];
    c += w * dy[low.z + n];
    d += w * dy[low.w + n];
    e += w * dy[high.x + n];
    f += w * dy[high.y + n];
    g += w * dy[high.z + n];
    h += w * dy[high.w + n];
  }
  for (var row = 0u; row < ROWS; row++) {
    // No index that varies: it would put the sums into memory.
    var own = a;
    if (row == 1u) {
      own = b;
    }
    if (row == 2u) {
      own = c;
    }
    if (row == 3u) {
      own = d;
    }
    if (row == 4u) {
      own = e;
    }
    if (row == 5u) {
      own = f;
    }
    if (row == 6u) {
      own = g;
    }
    if (row == 7u) {
      own = h;
    }
    shares[lane] = own;
    workgroupBarrier();
    if (lane < 4u && first_row + row <= last) {
      var sum = mat2x4f();
      for (var share = 0u; share < SHARES; share++) {
        sum += shares[lane + 4u * share];
      }
      let at = ((first_row + row) * params.eights + eight) * 2u;
      if (params.added == 1u) {
        sum += mat2x4f(dx[at], dx[at + 1u]);
      }
      dx[at] = sum[0];
      dx[at + 1u] = sum[1];
    }
    workgroupBarrier();
  }
}
