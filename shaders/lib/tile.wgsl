//! Rows cut into tiles for workgroups of 32 lanes with 4 rows each; no tile holds rows of two models (see lib/slab).
//! Models have a multiple of 8 rows, so that a lane has all four or none.

struct Tile {
  first: u32,
  end: u32,
  /// Where the model's parameters begin.
  slab4: u32,
}

const LANES = 32u;
const TILE_ROWS = 4u * LANES;

fn tile_of(index: u32, rows: u32, split: vec4u, slab4: vec4u) -> Tile {
  let a = min(split.x, rows);
  let b = min(split.y, rows);
  let tiles_a = (a + TILE_ROWS - 1u) / TILE_ROWS;
  let tiles_b = (b - a + TILE_ROWS - 1u) / TILE_ROWS;
  if (index < tiles_a) {
    return Tile(index * TILE_ROWS, a, slab4.x);
  }
  if (index < tiles_a + tiles_b) {
    return Tile(a + (index - tiles_a) * TILE_ROWS, b, slab4.y);
  }
  return Tile(b + (index - tiles_a - tiles_b) * TILE_ROWS, rows, slab4.z);
}

/// The first of a lane's four rows; where it has none, that of the last lane that has.
fn row_of(tile: Tile, lane: u32) -> u32 {
  return min(tile.first + 4u * lane, tile.end - 4u);
}
