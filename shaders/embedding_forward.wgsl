// y[n] = W[ids[n]] where weightRow <= ids[n] < weightRow + weightRows
//
// ids (rows) u32     w (V, cols) in its format, its binding begins with row firstRow
// y (rows, cols) f32, overwritten in the rows of those ids
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/dense.ts embeddingForward. Test: tests/shaders/rows_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  weightRow: u32,
  weightRows: u32,
  firstRow: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn embedding_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  let id = ids[n];
  if (id < dims.weightRow || id - dims.weightRow >= dims.weightRows) {
    return;
  }
  y[i] = load_weight((id - dims.firstRow) * cols4 + i % cols4);
}
