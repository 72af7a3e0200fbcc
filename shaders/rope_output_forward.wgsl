// rope_forward for GPUs: an invocation owns one number of a row of [query | key | value]
//
// q, k, v, positions, angles, queries, query, key_value: as in rope_forward
// Dispatch ceil(rows (heads + 2 keyValueHeads) D / WG). No loops.
// Reference: src/reference/norm.ts ropeForward. Test: tests/shaders/rope_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  queryColumn: u32,
  queryStride: u32,
  keyColumn: u32,
  keyStride: u32,
  valueColumn: u32,
  valueStride: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> v: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<u32>;
@group(0) @binding(5) var<storage, read> angles: array<f32>;
@group(0) @binding(6) var<storage, read> queries: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> query: array<f32>;
@group(0) @binding(8) var<storage, read_write> key_value: array<f32>;

@compute @workgroup_size(WG)
fn rope_output_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup_id, local, WG);
  let query_cols = dims.heads * dims.headDim;
  let cols = dims.keyValueHeads * dims.headDim;
  let n = index / (query_cols + 2u * cols);
  if (n >= dims.rows) {
    return;
  }
  let column = index % (query_cols + 2u * cols);
  let slot = queries[n].w * 2u * cols;
  if (column >= query_cols + cols) {
    let of_value = column - query_cols - cols;
    key_value[slot + cols + of_value] = v[n * dims.valueStride + dims.valueColumn + of_value];
    return;
  }
  // Number i of a head, and where its pair (a, b) begins.
  let half_dim = dims.headDim / 2u;
  let i = column % dims.headDim;
  let angle = positions[n] * dims.headDim + i % half_dim;
  let c = angles[angle];
  let s = angles[angle + half_dim];
  let is_query = column < query_cols;
  let first = column - i + i % half_dim;
  var a = 0.0;
  var b = 0.0;
  if (is_query) {
    let at = n * dims.queryStride + dims.queryColumn + first;
    a = q[at];
    b = q[at + half_dim];
  } else {
    let at = n * dims.keyStride + dims.keyColumn + first - query_cols;
    a = k[at];
    b = k[at + half_dim];
  }
  var value = a * c - b * s;
  if (i >= half_dim) {
    value = b * c + a * s;
  }
  if (is_query) {
    query[n * query_cols + column] = value;
  } else {
    key_value[slot + column - query_cols] = value;
  }
}
