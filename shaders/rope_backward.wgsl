// dx[n,h] = R^-1(dy[n,h]), R as in rope_forward; dx = dy when turns is 0
//
// dy, dx f32: windows of (rows, cols), cols a multiple of headDim, in rows of `stride` from `column` on; dx overwritten
// positions (rows) u32     angles (P, headDim) f32: cosines, then sines, of each position
// Dispatch ceil(rows headDim / 2 / WG); an invocation owns pair i of all heads of a row. Trips: cols / headDim.
// Reference: src/reference/norm.ts ropeBackward. Test: tests/shaders/rope_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  headDim: u32,
  turns: u32,
  column: u32,
  stride: u32,
  outColumn: u32,
  outStride: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WG)
fn rope_backward(
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
  let c = select(1.0, angles[row], dims.turns == 1u);
  let s = select(0.0, angles[row + half_dim], dims.turns == 1u);
  let source = n * dims.stride + dims.column + i;
  let at = n * dims.outStride + dims.outColumn + i;
  for (var h = 0u; h < dims.cols; h += dims.headDim) {
    let a = dy[source + h];
    let b = dy[source + h + half_dim];
    dx[at + h] = a * c + b * s;
    dx[at + h + half_dim] = b * c - a * s;
  }
}
