// dW[weightRow+f,k] += sum_n dy[n,f] x[n,k]
//
// x        (rows, inner)     f32, row-major, inner a multiple of 4
// dy       (rows, outCols)   f32
// d_weight (.., inner)       f32, accumulates
//
// Dispatch (ceil(features / WG), ceil(inner / TK), 1), once for each TB rows from `start` on, in order: the sum over
// rows is a sum of blocks of TB. A workgroup owns WG features x TK inner features; an invocation owns one feature.
// Trips per invocation: TB TK / 4 / WG to fill the tile, and TB TK where loops are kept. Workgroup memory 4 TB TK.
// Reference: src/reference/dense.ts linearWeightBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  start: u32,
}

const TB = 64u;
const TK = 32u;
const TK4 = TK / 4u;
override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<vec4f>;

var<workgroup> tile: array<vec4f, TB * TK4>;

@compute @workgroup_size(WG)
fn linear_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let inner4 = dims.inner / 4u;
  let k0 = workgroup_id.y * TK4;
  for (var i = local; i < TB * TK4; i += WG) {
    let row = dims.start + i / TK4;
    let k = k0 + i % TK4;
    if (row < dims.rows && k < inner4) {
      tile[i] = x[row * inner4 + k];
    } else {
      tile[i] = vec4f();
    }
  }
  workgroupBarrier();

  let f = workgroup_id.x * WG + local;
  let column = min(f, dims.features - 1u);
  let last = dims.rows - 1u;
  var sum: array<vec4f, TK4>;
  for (var k = 0u; k < TK4; k++) { // @unroll
    sum[k] = vec4f();
  }
  for (var n = 0u; n < TB; n++) { // @unroll
    let g = vec4f(dy[min(dims.start + n, last) * dims.outCols + column]);
    for (var k = 0u; k < TK4; k++) { // @unroll
      sum[k] = fma(g, tile[n * TK4 + k], sum[k]);
    }
  }
  let at = (dims.weightRow + f) * inner4 + k0;
  for (var k = 0u; k < TK4; k++) { // @unroll
    if (f < dims.features && k0 + k < inner4) {
      d_weight[at + k] += sum[k];
    }
  }
}
