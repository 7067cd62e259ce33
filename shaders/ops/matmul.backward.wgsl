//! dx[r,k] = Σ_n dy[r,n]·w[n,k]
//! dy: [rows, 4·n4], zero in columns n … 4·n4   w: [n, k] in parameters (slab 0)   dx: [rows, k]
//! rows of a model a multiple of 8, k of 4.
//! One workgroup per tile of rows (lib/tile) and 8 inputs, 16 where WIDE; weights as in matmul.forward.
//! use lib/tile
//! use lib/four_weights

override WIDE: bool = false;

struct Params {
  rows: u32,
  k4: u32,
  n: u32,
  n4: u32,
  weight4: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, column4: u32, value: vec4f) {
  if (column4 < params.k4) {
    dx[row * params.k4 + column4] = value;
  }
}

fn store_row(row: u32, column4: u32, values: mat4x4f) {
  store(row, column4, values[0]);
  store(row, column4 + 1u, values[1]);
  if (WIDE) {
    store(row, column4 + 2u, values[2]);
    store(row, column4 + 3u, values[3]);
  }
}

@compute @workgroup_size(32)
fn main(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let k4 = params.k4;
  let width4 = select(2u, 4u, WIDE);
  let blocks = (k4 + width4 - 1u) / width4;
  let flat = group.x + group.y * groups.x;
  let tile = tile_of(flat / blocks, params.rows, vec4u(params.rows), vec4u());
  if (tile.first >= tile.end) {
    return;
  }
  let column4 = (flat % blocks) * width4;
  // Columns that are not there stand in for the last, and are not stored.
  let w = params.weight4 + min(column4 + vec4u(0u, 1u, 2u, 3u), vec4u(k4 - 1u));
  let last = params.n - 1u;
  let row = row_of(tile, lane);
  let at = (row + vec4u(0u, 1u, 2u, 3u)) * params.n4;

  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  for (var n = 0u; n < params.n4; n++) {
    let dys = mat4x4f(dy[at.x + n], dy[at.y + n], dy[at.z + n], dy[at.w + n]);
    a += four_weights(w.x, 4u * n, last, k4, lane) * dys;
    b += four_weights(w.y, 4u * n, last, k4, lane) * dys;
    if (WIDE) {
      c += four_weights(w.z, 4u * n, last, k4, lane) * dys;
      d += four_weights(w.w, 4u * n, last, k4, lane) * dys;
    }
  }
  // No index that varies: it would put the sums into memory.
  if (tile.first + 4u * lane < tile.end) {
    store_row(row, column4, mat4x4f(a[0], b[0], c[0], d[0]));
    store_row(row + 1u, column4, mat4x4f(a[1], b[1], c[1], d[1]));
    store_row(row + 2u, column4, mat4x4f(a[2], b[2], c[2], d[2]));
    store_row(row + 3u, column4, mat4x4f(a[3], b[3], c[3], d[3]));
  }
}
