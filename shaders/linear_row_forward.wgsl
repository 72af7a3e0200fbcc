// linear_forward with rows as lanes, for products of many rows on a CPU
//
// x, w, bias, residual, y: as in linear_forward, and y has its bits; features is a multiple of FEATURES, outCols and
// outColumn are multiples of 4. READS: what the sum is added to, 0 nothing, 1 y, 2 the residual. SLICED: 0 if the sum
// is a single slice.
//
// Dispatch (features / FEATURES, ceil(rows / (ROWS LANES)), 1): workgroups that read the same rows of x follow each other.
// An invocation owns ROWS rows x FEATURES features, so that it stores four at a time. The sum over inner features is a sum
// of slices, as long as those of linear_forward. Trips: inner / 4, and one for each slice.
// Reference: src/reference/dense.ts linearForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  outCols: u32,
  weightRow: u32,
  firstRow: u32,
  hasBias: u32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  slice: u32,
  scale: f32,
}

const FEATURES = 32u;
const FEATURES4 = FEATURES / 4u;
const ROWS = 4u;
// SUMS = ROWS FEATURES
const SUMS = 128u;
// TOTALS = ROWS FEATURES4
const TOTALS = 32u;
const READS = 0u;
const SLICED = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES)
fn linear_row_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let begin = workgroup_id.x * FEATURES;
  let inner4 = dims.inner / 4u;
  let last = dims.rows - 1u;
  let n = workgroup_id.y * ROWS * LANES + lane;
  // Rows past the last repeat the last one and store nothing.
  var rows: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    rows[r] = (min(n + r * LANES, last) * dims.inStride + dims.inColumn) / 4u;
  }
  var weight: array<u32, PARTS>;
  var part: array<f32, PARTS>;
  for (var p = 0u; p < PARTS; p++) { // @unroll
    let row = dims.weightRow + begin + p * LANES + lane;
    weight[p] = (row - dims.firstRow) * inner4;
    part[p] = select(0.0, bias[row], dims.hasBias == 1u);
  }
  // A CPU fetches cache lines one by one if they are only written. Reads before the products fetch them together.
  var touched = 0.0;
  var total: array<vec4f, TOTALS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let at = (min(n + r * LANES, last) * dims.outCols + dims.outColumn + begin) / 4u;
    for (var f = 0u; f < FEATURES4; f++) { // @unroll
      if (READS == 1u) {
        total[r * FEATURES4 + f] = y[at + f];
      }
      if (READS == 2u) {
        total[r * FEATURES4 + f] = residual[at + f];
      }
      if (READS != 1u && f % 4u == 0u) {
        touched += y[at + f].x;
      }
    }
  }
  for (var start = 0u; start < inner4; start += dims.slice / 4u) {
    // Initialised, since without a value a variable in a loop would keep what it held.
    var sum = array<f32, SUMS>();
    if (start == 0u) {
      for (var f = 0u; f < FEATURES; f++) { // @unroll
        let b = subgroupBroadcast(part[f / LANES], f % LANES);
        for (var r = 0u; r < ROWS; r++) { // @unroll
          sum[r * FEATURES + f] = b;
        }
      }
    }
    add_subgroup_products(&sum, rows, weight, start, min(start + dims.slice / 4u, inner4));
    for (var r = 0u; r < ROWS; r++) { // @unroll
      for (var f = 0u; f < FEATURES4; f++) { // @unroll
        let low = vec2f(sum[r * FEATURES + 4u * f], sum[r * FEATURES + 4u * f + 1u]);
        let high = vec2f(sum[r * FEATURES + 4u * f + 2u], sum[r * FEATURES + 4u * f + 3u]);
        total[r * FEATURES4 + f] += dims.scale * vec4f(low, high);
      }
    }
    if (SLICED == 0u) {
      break;
    }
  }
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let at = (min(n + r * LANES, last) * dims.outCols + dims.outColumn + begin) / 4u;
    for (var f = 0u; f < FEATURES4; f++) { // @unroll
      if (n + r * LANES <= last) {
        // A run always has rows, but the compiler cannot know that and keeps the reads of `touched`.
        y[at + f] = select(total[r * FEATURES4 + f], vec4f(touched), dims.rows == 0u);
      }
    }
  }
}
