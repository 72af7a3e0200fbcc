// linear_weight_backward in tiles of registers, for GPUs: a dispatch for all rows
//
// x, dy, d_weight: as in linear_weight_backward
// Dispatch (ceil(features / 64), ceil(inner / 64), 1). A workgroup owns 64 features x 64 inner features, an invocation OWN
// features x 4 of the inner features; DEPTH rows of both operands lie in workgroup memory at a time. The sum over rows is a
// sum of blocks of `block` rows, as in linear_weight_backward, which are added to what is there in their order.
// Trips: rows. Workgroup memory: 8 KiB. Inner loops are unrolled for every adapter: registers have no index.
// Reference: src/reference/dense.ts linearWeightBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  block: u32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  scale: f32,
}

const SIDE4 = 16u;
const DEPTH = 16u;
const OWN = 8u;
const WG = 128u;
const FILLS = 2u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<vec4f>;

// Groups of four features of dy, and of four inner features of x, of DEPTH rows.
var<workgroup> left: array<vec4f, SIDE4 * DEPTH>;
var<workgroup> right: array<vec4f, SIDE4 * DEPTH>;

@compute @workgroup_size(WG)
fn linear_tile_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let inner4 = dims.inner / 4u;
  let columns = dims.outCols / 4u;
  let last = dims.rows - 1u;
  // Features f .. f + OWN - 1 and inner features 4 k ..
  let f = workgroup_id.x * 4u * SIDE4 + local / SIDE4 * OWN;
  let k = workgroup_id.y * SIDE4 + local % SIDE4;
  var total: array<vec4f, OWN>;
  var sum: array<vec4f, OWN>;
  for (var j = 0u; j < OWN; j++) { // @unroll
    sum[j] = vec4f();
    total[j] = vec4f();
    if (f + j < dims.features && k < inner4) {
      total[j] = d_weight[(dims.weightRow + f + j) * inner4 + k];
    }
  }
  for (var start = 0u; start < dims.rows; start += DEPTH) {
    workgroupBarrier();
    for (var p = 0u; p < FILLS; p++) { // @unroll
      let i = p * WG + local;
      let row = start + i / SIDE4;
      let of_x = min(workgroup_id.y * SIDE4 + i % SIDE4, inner4 - 1u);
      let of_dy = min(dims.outColumn / 4u + workgroup_id.x * SIDE4 + i % SIDE4, columns - 1u);
      // Rows past the last add 0.
      let a = dy[min(row, last) * columns + of_dy];
      left[i] = select(vec4f(), a, row <= last);
      right[i] = x[(min(row, last) * dims.inStride + dims.inColumn) / 4u + of_x];
    }
    workgroupBarrier();
    for (var n = 0u; n < DEPTH; n++) { // @unroll
      let low = left[n * SIDE4 + local / SIDE4 * 2u];
      let high = left[n * SIDE4 + local / SIDE4 * 2u + 1u];
      let b = right[n * SIDE4 + local % SIDE4];
      sum[0] = fma(vec4f(low.x), b, sum[0]);
      sum[1] = fma(vec4f(low.y), b, sum[1]);
      sum[2] = fma(vec4f(low.z), b, sum[2]);
      sum[3] = fma(vec4f(low.w), b, sum[3]);
      sum[4] = fma(vec4f(high.x), b, sum[4]);
      sum[5] = fma(vec4f(high.y), b, sum[5]);
      sum[6] = fma(vec4f(high.z), b, sum[6]);
      sum[7] = fma(vec4f(high.w), b, sum[7]);
    }
    if ((start + DEPTH) % dims.block == 0u || start + DEPTH >= dims.rows) {
      for (var j = 0u; j < OWN; j++) { // @unroll
        total[j] += dims.scale * sum[j];
        sum[j] = vec4f();
      }
    }
  }
  for (var j = 0u; j < OWN; j++) { // @unroll
    if (f + j < dims.features && k < inner4) {
      d_weight[(dims.weightRow + f + j) * inner4 + k] = total[j];
    }
  }
}
