// y[i] = x[i] cos - x[i + D/2] sin,  y[i + D/2] = x[i + D/2] cos + x[i] sin   for i < D/2 of each head
//
// x (rows, cols) f32, cols a multiple of headDim     positions (rows) u32
// angles (P, headDim) f32: cosines, then sines, of each position     y (rows, cols) f32, overwritten
// direction 1 rotates, -1 undoes it (the backward pass).
// Dispatch ceil(rows cols / 2 / WG); an invocation owns a pair. No loops.
// Reference: src/reference/norm.ts ropeForward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  headDim: u32,
  direction: f32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> angles: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn rope_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup_id, local, WG);
  let pairs = dims.cols / 2u;
  let n = index / pairs;
  if (n >= dims.rows) {
    return;
  }
  let half_dim = dims.headDim / 2u;
  let pair = index % pairs;
  let i = pair % half_dim;
  let at = n * dims.cols + pair / half_dim * dims.headDim + i;
  let row = positions[n] * dims.headDim + i;
  let c = angles[row];
  let s = angles[row + half_dim] * dims.direction;
  let a = x[at];
  let b = x[at + half_dim];
  y[at] = a * c - b * s;
  y[at + half_dim] = b * c + a * s;
}
