//! Where a row (one token in flight) lies in the cache of keys and values, and what it attends to: the keys
//! [prefix_start, prefix_start + prefix_length) of its prompt, shared by all its completions, then its own from
//! own_start up to itself. A completion's row moves on by one at every step; a prompt's are at step 0.

struct Place {
  prefix_start: u32,
  prefix_length: u32,
  own_start: u32,
  /// The cache row at step 0.
  first: u32,
}
