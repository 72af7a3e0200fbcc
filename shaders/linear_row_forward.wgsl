// linear_forward with rows as lanes, for products of many rows on a CPU
//
// x, w, bias, residual, y: as in linear_forward, whose bits y gets; features is a multiple of FEATURES, outCols and
// outColumn are multiples of 4. READS as there.
//
// Dispatch (features / FEATURES, ceil(rows / WG), 1), once for each slice of CHUNKS KC inner features from `start` on:
// workgroups that read the same rows of x follow each other. An invocation owns a row x FEATURES features, so that it
// stores four at a time.
// Trips: none, all loops are written out. Workgroup memory: see shaders/lib/row_products.wgsl.
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
  start: u32,
  add: u32,
  scale: f32,
}

const FEATURES = 32u;
const FEATURES4 = FEATURES / 4u;
const KC = 64u;
const CHUNKS = 1u;
const SLICE = 1u;
const WG = 64u;
const FILLS = 8u;
const READS = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn linear_row_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let begin = workgroup_id.x * FEATURES;
  let row = dims.weightRow + begin;
  // The bias passes through memory that the weight takes next, since lanes read it one by one.
  if (local < FEATURES) {
    tile[local] = vec4f(select(0.0, bias[row + local], dims.hasBias == 1u && dims.start == 0u));
  }
  workgroupBarrier();
  // Invocations past the last row do as the last one does, and store nothing.
  let n = min(workgroup_id.y * WG + local, dims.rows - 1u);
  let at = (n * dims.outCols + dims.outColumn + begin) / 4u;
  var total: array<f32, FEATURES>;
  var sum: array<f32, FEATURES>;
  for (var f = 0u; f < FEATURES4; f++) { // @unroll
    var before = vec4f();
    if (READS == 1u || READS == 3u) {
      before = select(vec4f(), y[at + f], dims.add == 1u);
    }
    if (READS >= 2u) {
      before = select(before, residual[at + f], dims.add == 2u);
    }
    total[4u * f] = before.x;
    total[4u * f + 1u] = before.y;
    total[4u * f + 2u] = before.z;
    total[4u * f + 3u] = before.w;
  }
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    sum[f] = tile[f].x;
  }
  let start = (n * dims.inStride + dims.inColumn) / 4u;
  add_row_products(&total, &sum, start, dims.start / 4u, row, row + FEATURES - 1u, dims.scale, local);
  for (var f = 0u; f < FEATURES4; f++) { // @unroll
    let low = vec2f(total[4u * f], total[4u * f + 1u]);
    let high = vec2f(total[4u * f + 2u], total[4u * f + 3u]);
    if (workgroup_id.y * WG + local < dims.rows) {
      y[at + f] = vec4f(low, high);
    }
  }
}
