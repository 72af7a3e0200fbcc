// y[k,f] = W[weightRow+f,k] for f < rows, 0 for rows <= f < outCols
//
// w (.., cols) in its format, its binding begins with row firstRow     y (cols, outCols) f32, overwritten
// Dispatch ceil(outCols cols / 4 / WG); an invocation owns four inner features of one f. No loops.
// Reference: src/reference/dense.ts transposeForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  weightRow: u32,
  firstRow: u32,
  outCols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> w: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn transpose_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let f = i % dims.outCols;
  let k = i / dims.outCols;
  if (k >= dims.cols / 4u) {
    return;
  }
  var value = vec4f();
  if (f < dims.rows) {
    value = load_weight((dims.weightRow - dims.firstRow + f) * (dims.cols / 4u) + k);
  }
  let at = k * 4u * dims.outCols + f;
  y[at] = value.x;
  y[at + dims.outCols] = value.y;
  y[at + 2u * dims.outCols] = value.z;
  y[at + 3u * dims.outCols] = value.w;
}
