//! For y = silu(gate)·up and z = y·wᵀ, with dy[r,i] = Σ_n dz[r,n]·w[n,i] and σ = 1/(1 + e^−gate):
//! dup = dy·gate·σ,   dgate = dy·up·σ·(1 + gate·(1 − σ));   dy itself is never stored
//! dz: [rows, n]   w: [n, I] in parameters (slab 0)   gate_up, dgate_up: [rows, 2·I], gate first
//! rows a multiple of 8, n and I of 4.
//! One workgroup per tile of rows (lib/tile) and 8 inputs, 16 where WIDE: matmul.backward with the gate behind it.
//! Prelude: Activation4, four activations in storage (src/engine/activations.ts).
//! use lib/tile
//! use lib/four_weights

override WIDE: bool = false;

struct Params {
  rows: u32,
  inner4: u32,
  n4: u32,
  weight4: u32,
}

@group(0) @binding(0) var<storage, read> parameters: array<vec4f>;
@group(0) @binding(1) var<storage, read> dz: array<vec4f>;
@group(0) @binding(2) var<storage, read> gate_up: array<Activation4>;
@group(0) @binding(3) var<storage, read_write> dgate_up: array<vec4f>;
@group(1) @binding(0) var<uniform> params: Params;

fn store(row: u32, column4: u32, dy: vec4f) {
  if (column4 < params.inner4) {
    let at = row * 2u * params.inner4 + column4;
    let gate = vec4f(gate_up[at]);
    let up = vec4f(gate_up[at + params.inner4]);
    let sigma = 1.0 / (1.0 + exp(-gate));
    dgate_up[at] = dy * up * sigma * (1.0 + gate * (1.0 - sigma));
    dgate_up[at + params.inner4] = dy * gate * sigma;
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
  let inner4 = params.inner4;
  let width4 = select(2u, 4u, WIDE);
  let blocks = (inner4 + width4 - 1u) / width4;
  let flat = group.x + group.y * groups.x;
  let tile = tile_of(flat / blocks, params.rows, vec4u(params.rows), vec4u());
  if (tile.first >= tile.end) {
    return;
  }
  let column4 = (flat % blocks) * width4;
  // Columns that are not there stand in for the last, and are not stored.
  let w = params.weight4 + min(column4 + vec4u(0u, 1u, 2u, 3u), vec4u(inner4 - 1u));
  let last = 4u * params.n4 - 1u;
  let row = row_of(tile, lane);
  let at = (row + vec4u(0u, 1u, 2u, 3u)) * params.n4;

  var a = mat4x4f();
  var b = mat4x4f();
  var c = mat4x4f();
  var d = mat4x4f();
  for (var n = 0u; n < params.n4; n++) {
    let dzs = mat4x4f(dz[at.x + n], dz[at.y + n], dz[at.z + n], dz[at.w + n]);
    a += four_weights(w.x, 4u * n, last, inner4, lane) * dzs;
    b += four_weights(w.y, 4u * n, last, inner4, lane) * dzs;
    if (WIDE) {
      c += four_weights(w.z, 4u * n, last, inner4, lane) * dzs;
      d += four_weights(w.w, 4u * n, last, inner4, lane) * dzs;
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
