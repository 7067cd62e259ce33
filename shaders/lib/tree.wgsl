//! max and Σ over the LANES lanes of a workgroup (a power of two), by halves: the same bits at every run.
//! Whoever uses it declares LANES, and calls from all lanes.

var<workgroup> tree: array<f32, LANES>;

fn largest_of_all(lane: u32, value: f32) -> f32 {
  tree[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      tree[lane] = max(tree[lane], tree[lane + half]);
    }
    workgroupBarrier();
  }
  let largest = tree[0];
  workgroupBarrier();
  return largest;
}

fn sum_of_all(lane: u32, value: f32) -> f32 {
  tree[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      tree[lane] += tree[lane + half];
    }
    workgroupBarrier();
  }
  let sum = tree[0];
  workgroupBarrier();
  return sum;
}
