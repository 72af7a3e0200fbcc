// cache[slot[n]] = x[n]; slot is column 3 of the query table
//
// x (rows, cols) f32     queries (Q) of [firstRange, rangeCount, ownStart, slot]     cache (M, cols) f32
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/dense.ts cacheAppend. Test: tests/shaders/rows_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> queries: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> cache: array<vec4f>;

@compute @workgroup_size(WG)
fn cache_append(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  cache[queries[n].w * cols4 + i % cols4] = x[i];
}
