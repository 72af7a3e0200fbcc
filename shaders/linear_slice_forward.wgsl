// linear_forward of few rows, for GPUs: a dispatch for all inner features, with a thread for each slice of a feature's sum
//
// x, w, bias, residual, norm, y, FROM: as in linear_forward; `add` 1 adds to y, 2 adds the residual
// Dispatch (ceil(features / FEATURES), ceil(rows / ROWS), 1). A workgroup owns ROWS rows x FEATURES features. Its WG =
// FEATURES LANES invocations each sum a slice of 4 SLICE4 inner features for ROWS rows, LANES slices of a feature at a
// time, KC4 groups of four inner features at a step: what a step reads of x and w passes through workgroup memory, so
// that neighbours read neighbouring words. Then the invocation that owns an output adds the slices in order, as
// linear_tile_forward does: a row has the same bits whatever the number of rows.
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

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// At a step ROWS LANES KC4 vectors of x, then WG KC4 of w; between the steps parts of sums, four to a vector.
var<workgroup> tile: array<vec4f, TILE>;
var<workgroup> scales: array<f32, ROWS>;

// Where row n of x begins. Rows past the last repeat it.
fn start_of(n: u32) -> u32 {
  return (min(n, dims.rows - 1u) * dims.inStride + dims.inColumn) / 4u;
}

// The scale of each row, in the order of rmsnorm_row_forward.
fn scale_rows(n0: u32, local: u32) {
  for (var i = local; i < ROWS * SQUARES; i += WG) {
    let start = start_of(n0 + i / SQUARES);
    var squares = vec4f();
    for (var c = i % SQUARES; c < dims.inner / 4u; c += SQUARES) {
      squares = fma(x[start + c], x[start + c], squares);
    }
    tile[i / 4u][i % 4u] = squares.x + squares.y + squares.z + squares.w;
  }
  workgroupBarrier();
  for (var r = local; r < ROWS; r += WG) {
    var sum = 0.0;
    for (var i = 0u; i < SQUARES; i++) {
      sum += tile[(r * SQUARES + i) / 4u][i % 4u];
    }
    scales[r] = 1.0 / sqrt(sum / f32(dims.inner) + dims.eps);
  }
}

fn input_of(start: u32, k: u32, row: u32) -> vec4f {
  var value = x[start + k];
  if (FROM == 1u) {
    value = value * scales[row] * norm[k];
  } else if (FROM == 2u) {
    value = value / (1.0 + exp(min(-value, vec4f(80.0)))) * x[start + dims.inner / 4u + k];
  }
  return value;
}

@compute @workgroup_size(WG)
fn linear_slice_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * ROWS;
  let f0 = workgroup_id.x * FEATURES;
  let inner4 = dims.inner / 4u;
  let last_feature = dims.features - 1u;
  let first_row = dims.weightRow - dims.firstRow;
  let lane = local / FEATURES;
  if (FROM == 1u) {
    scale_rows(n0, local);
  }
  var total: array<f32, OWNED>;
  for (var j = 0u; j < OWNED; j++) { // @unroll
    let item = j * WG + local;
    let feature = min(f0 + item % FEATURES, last_feature);
    let row = min(n0 + item / FEATURES, dims.rows - 1u);
    let at = row * dims.outCols + dims.outColumn + feature;
    total[j] = 0.0;
    if (dims.add == 1u) {
      total[j] = y[at];
    } else if (dims.add == 2u) {
      total[j] = residual[at];
    }
  }
  let own_bias = bias[dims.weightRow + min(f0 + local % FEATURES, last_feature)];
  for (var slice = 0u; slice * SLICE4 < inner4; slice += LANES) {
    let first = select(0.0, own_bias, dims.hasBias == 1u && slice + lane == 0u);
    var sum: array<f32, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // @unroll
      sum[r] = first;
    }
    for (var step = 0u; step < min(SLICE4, inner4); step += KC4) {
      workgroupBarrier();
      for (var i = local; i < ROWS * LANES * KC4; i += WG) {
        let of_lane = i / KC4 % LANES;
        let k = (slice + of_lane) * SLICE4 + step + i % KC4;
        let row = i / KC4 / LANES;
        let value = input_of(start_of(n0 + row), min(k, inner4 - 1u), row);
        tile[(row * KC4 + i % KC4) * LANES + of_lane] = select(vec4f(), value, k < inner4);
      }
      for (var i = local; i < WG * KC4; i += WG) {
        let of_lane = i / KC4 % LANES;
        let feature = i / KC4 / LANES;
        let k = min((slice + of_lane) * SLICE4 + step + i % KC4, inner4 - 1u);
        let value = load_weight((first_row + min(f0 + feature, last_feature)) * inner4 + k);
        tile[ROWS * LANES * KC4 + i % KC4 * WG + of_lane * FEATURES + feature] = value;
      }
      workgroupBarrier();
      for (var k = 0u; k < KC4; k++) { // @unroll
        let b = tile[ROWS * LANES * KC4 + k * WG + local];
        for (var r = 0u; r < ROWS; r++) { // @unroll
          sum[r] += dot(tile[(r * KC4 + k) * LANES + lane], b);
        }
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < ROWS; r++) { // @unroll
      tile[r / 4u * WG + local][r % 4u] = sum[r];
    }
    workgroupBarrier();
    for (var j = 0u; j < OWNED; j++) { // @unroll
      let item = min(j * WG + local, ROWS * FEATURES - 1u);
      let row = item / FEATURES;
      for (var part = 0u; part < LANES; part++) {
        total[j] += dims.scale * tile[row / 4u * WG + part * FEATURES + item % FEATURES][row % 4u];
      }
    }
  }
  for (var j = 0u; j < OWNED; j++) { // @unroll
    let item = j * WG + local;
    let row = n0 + item / FEATURES;
    let feature = f0 + item % FEATURES;
    if (item < ROWS * FEATURES && row < dims.rows && feature < dims.features) {
      y[row * dims.outCols + dims.outColumn + feature] = total[j];
    }
  }
}
