// y[r] = x[index[r]]
//
// x (N, cols) f32     index (rows) u32     y (rows, cols) f32, overwritten
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/dense.ts gatherRowsForward. Test: tests/shaders/rows_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn gather_rows_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let r = i / cols4;
  if (r >= dims.rows) {
    return;
  }
  y[i] = x[index[r] * cols4 + i % cols4];
}
