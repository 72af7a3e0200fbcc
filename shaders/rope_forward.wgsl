// query[n,h] = R(q[n,h]),  key_value[slot[n]] = [R(k[n,g]) | v[n,g]]
// R(x)[i] = x[i] cos - x[i + D/2] sin,  R(x)[i + D/2] = x[i + D/2] cos + x[i] sin   for i < D/2
//
// q, k, v f32: windows of (rows, heads D) and (rows, keyValueHeads D) in rows of ..Stride from ..Column on
// positions (rows) u32     angles (P, D) f32: cosines, then sines, of each position
// queries (Q) of [firstRange, rangeCount, ownStart, slot]
// query (rows, heads D), key_value (M, 2 keyValueHeads D) f32, overwritten; of key_value only the slots of the rows
// Dispatch ceil(rows D / 2 / WG); an invocation owns pair i of all heads of a row. Trips: heads + keyValueHeads.
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
fn rope_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup_id, local, WG);
  let half_dim = dims.headDim / 2u;
  let n = index / half_dim;
  if (n >= dims.rows) {
    return;
  }
  let i = index % half_dim;
  let row = positions[n] * dims.headDim + i;
  let c = angles[row];
  let s = angles[row + half_dim];
  var source = n * dims.queryStride + dims.queryColumn + i;
  var at = n * dims.heads * dims.headDim + i;
  for (var h = 0u; h < dims.heads; h++) {
    let a = q[source];
    let b = q[source + half_dim];
    query[at] = a * c - b * s;
    query[at + half_dim] = b * c + a * s;
    source += dims.headDim;
    at += dims.headDim;
  }
  let cols = dims.keyValueHeads * dims.headDim;
  source = n * dims.keyStride + dims.keyColumn + i;
  var value = n * dims.valueStride + dims.valueColumn + i;
  at = queries[n].w * 2u * cols + i;
  for (var g = 0u; g < dims.keyValueHeads; g++) {
    let a = k[source];
    let b = k[source + half_dim];
    key_value[at] = a * c - b * s;
    key_value[at + half_dim] = b * c + a * s;
    key_value[at + cols] = v[value];
    key_value[at + cols + half_dim] = v[value + half_dim];
    source += dims.headDim;
    value += dims.headDim;
    at += dims.headDim;
  }
}
