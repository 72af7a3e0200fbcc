// cache[to[i]] = cache[from[i]]: a prefix that sequences share is computed in one row and copied to others
//
// pairs (rows) of [from, to, ..] u32; no slot is both source and target     cache (M, cols) f32, in place
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a pair. No loops.
// Reference: src/reference/dense.ts cacheCopy. Test: tests/shaders/rows_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> pairs: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> cache: array<vec4f>;

@compute @workgroup_size(WG)
fn cache_copy(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  let pair = pairs[n];
  cache[pair.y * cols4 + i % cols4] = cache[pair.x * cols4 + i % cols4];
}
