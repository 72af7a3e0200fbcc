// linear_forward of few rows, for GPUs: a dispatch for all inner features, with a thread for each slice of a feature's sum
//
// x, w, bias, residual, norm, y, FROM: as in linear_forward; `add` 1 adds to y, 2 adds the residual
// Dispatch (ceil(features / FEATURES), ceil(rows / ROWS), 1). A workgroup of FEATURES LANES invocations owns ROWS rows x
// FEATURES features; lib/slice_sums.wgsl says how it sums them.
// Trips: inner / 4 / LANES. Workgroup memory: 16 TILE + 4 ROWS bytes.
// Reference: src/reference/dense.ts linearForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  firstRow: u32,
  hasBias: u32,
  eps: f32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  scale: f32,
  add: u32,
}

const SLICE4 = 16u;
const ROWS = 4u;
const FEATURES = 8u;
const LANES = 16u;
const WG = 128u;
const KC4 = 4u;
const FROM = 0u;
// OWNED = ceil(ROWS FEATURES / WG)
const OWNED = 1u;
const TILE = 768u;
// Invocations that share the sum of a row's squares; equals WG of rmsnorm_row_forward.
const SQUARES = 64u;
// Rows whose squares the tile holds: SQUARED_ROWS SQUARES vectors.
const SQUARED_ROWS = 4u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

fn start_of(n: u32) -> u32 {
  return (min(n, dims.rows - 1u) * dims.inStride + dims.inColumn) / 4u;
}

fn weight_at(source: u32, i: u32) -> vec4f {
  return load_weight(i);
}

@compute @workgroup_size(WG)
fn linear_slice_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * ROWS;
  let f0 = workgroup_id.x * FEATURES;
  let last = dims.features - 1u - f0;
  let w0 = dims.weightRow - dims.firstRow + f0;
  if (FROM == 1u) {
    scale_rows(n0, local);
  }
  var total: array<f32, OWNED>;
  for (var j = 0u; j < OWNED; j++) { // @unroll
    let item = j * WG + local;
    let feature = f0 + min(item % FEATURES, last);
    let row = min(n0 + item / FEATURES, dims.rows - 1u);
    let at = row * dims.outCols + dims.outColumn + feature;
    total[j] = 0.0;
    if (dims.add == 1u) {
      total[j] = y[at];
    } else if (dims.add == 2u) {
      total[j] = residual[at];
    }
  }
  let own = bias[dims.weightRow + f0 + min(local % FEATURES, last)];
  let own_bias = select(0.0, own, dims.hasBias == 1u);
  add_slices(&total, n0, 0u, w0, last, own_bias, dims.scale, local);
  for (var j = 0u; j < OWNED; j++) { // @unroll
    let item = j * WG + local;
    let row = n0 + item / FEATURES;
    if (item < ROWS * FEATURES && row < dims.rows && item % FEATURES <= last) {
      y[row * dims.outCols + dims.outColumn + f0 + item % FEATURES] = total[j];
    }
  }
}
