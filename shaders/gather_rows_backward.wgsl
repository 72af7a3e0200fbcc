// dx[n] = dy[inverse[n]], 0 where inverse[n] is 2^32 - 1
//
// dy (R, cols) f32     inverse (rows) u32     d_x (rows, cols) f32, overwritten
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/dense.ts gatherRowsBackward. Test: tests/shaders/rows_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> inverse: array<u32>;
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4f>;

@compute @workgroup_size(WG)
fn gather_rows_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  let r = inverse[n];
  var value = vec4f();
  if (r != 0xffffffffu) {
    value = dy[r * cols4 + i % cols4];
  }
  d_x[i] = value;
}
