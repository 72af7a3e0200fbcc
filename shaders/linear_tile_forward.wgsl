// linear_forward in tiles of registers, for GPUs: a product of many rows
//
// x, w, bias, residual, y: as in linear_forward; `add` 1 adds to y, 2 adds the residual
// Dispatch (ceil(features / 64), ceil(rows / 64), 1). A workgroup owns 64 rows x 64 features, an invocation
// ROWS x FEATURES of them; KC4 groups of four inner features of both operands lie in workgroup memory at a time.
// Sums are cut into slices of `slice` inner features, as linear_forward cuts them, so that additions have one order.
// Trips: inner / 4. Workgroup memory: 2 KiB KC4. Inner loops are unrolled for every adapter: registers have no index.
// Reference: src/reference/dense.ts linearForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  firstRow: u32,
  hasBias: u32,
  slice: u32,
  add: u32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  scale: f32,
}

const SIDE = 64u;
const KC4 = 4u;
const ROWS = 8u;
const FEATURES = 4u;
const OUTPUTS = 32u;
const LANES = 16u;
const WG = 128u;
const FILLS = 2u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

var<workgroup> left: array<vec4f, SIDE * KC4>;
var<workgroup> right: array<vec4f, SIDE * KC4>;

@compute @workgroup_size(WG)
fn linear_tile_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * SIDE;
  let f0 = workgroup_id.x * SIDE;
  let last_row = dims.rows - 1u;
  let last_feature = dims.features - 1u;
  let inner4 = dims.inner / 4u;
  let slice4 = dims.slice / 4u;
  let first_row = dims.weightRow - dims.firstRow;
  // Rows n .. n + ROWS - 1 and every LANES-th feature from f on.
  let n = local / LANES * ROWS;
  let f = local % LANES;
  var total: array<f32, OUTPUTS>;
  var sum: array<f32, OUTPUTS>;
  for (var j = 0u; j < FEATURES; j++) { // @unroll
    let feature = min(f0 + f + j * LANES, last_feature);
    let first = select(0.0, bias[dims.weightRow + feature], dims.hasBias == 1u);
    for (var i = 0u; i < ROWS; i++) { // @unroll
      let at = min(n0 + n + i, last_row) * dims.outCols + dims.outColumn + feature;
      sum[i * FEATURES + j] = first;
      total[i * FEATURES + j] = 0.0;
      if (dims.add == 1u) {
        total[i * FEATURES + j] = y[at];
      } else if (dims.add == 2u) {
        total[i * FEATURES + j] = residual[at];
      }
    }
  }
  for (var k0 = 0u; k0 < inner4; k0 += KC4) {
    workgroupBarrier();
    for (var p = 0u; p < FILLS; p++) { // @unroll
      let i = p * WG + local;
      let k = k0 + i % KC4;
      let at = min(k, inner4 - 1u);
      let a = x[(min(n0 + i / KC4, last_row) * dims.inStride + dims.inColumn) / 4u + at];
      let b = load_weight((first_row + min(f0 + i / KC4, last_feature)) * inner4 + at);
      left[i % KC4 * SIDE + i / KC4] = select(vec4f(), a, k < inner4);
      right[i % KC4 * SIDE + i / KC4] = b;
    }
    workgroupBarrier();
    for (var k = 0u; k < KC4; k++) { // @unroll
      var a: array<vec4f, ROWS>;
      var b: array<vec4f, FEATURES>;
      for (var i = 0u; i < ROWS; i++) { // @unroll
        a[i] = left[k * SIDE + n + i];
      }
      for (var j = 0u; j < FEATURES; j++) { // @unroll
        b[j] = right[k * SIDE + f + j * LANES];
      }
      for (var i = 0u; i < ROWS; i++) { // @unroll
        for (var j = 0u; j < FEATURES; j++) { // @unroll
          sum[i * FEATURES + j] += dot(a[i], b[j]);
        }
      }
      if ((k0 + k + 1u) % slice4 == 0u) {
        for (var i = 0u; i < OUTPUTS; i++) { // @unroll
          total[i] += dims.scale * sum[i];
          sum[i] = 0.0;
        }
      }
    }
  }
  for (var j = 0u; j < FEATURES; j++) { // @unroll
    let feature = f0 + f + j * LANES;
    for (var i = 0u; i < ROWS; i++) { // @unroll
      let row = n0 + n + i;
      if (row <= last_row && feature <= last_feature) {
        let at = row * dims.outCols + dims.outColumn + feature;
        y[at] = total[i * FEATURES + j] + dims.scale * sum[i * FEATURES + j];
      }
    }
  }
}
