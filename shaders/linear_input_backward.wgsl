// dx[n,k] (+)= scale sum_f dy[n,f] W[weightRow+f,k] + sum_r d_low[n,r] A[r,k], in tiles of registers, for GPUs
//
// dy (rows, features)  f32: columns from outColumn on of a matrix with outCols columns; outCols and outColumn multiples of 4
// w  (.., inner)       in its format, read through load_weight; its binding begins with row firstRow
// d_low (rows, rank), first (rank, inner)  f32: the gradients of x Aᵀ of all adapters of W, and their A; rank 0 is none
// dx (rows, inner)     f32: columns from inColumn on of a matrix with inStride columns; added to if accumulate is 1
// Dispatch (ceil(inner / 64), ceil(rows / 64), 1). A workgroup owns 64 rows x 64 inner features, an invocation OWN rows x 4
// inner features; DEPTH features of both operands lie in workgroup memory at a time. Rows of W are read as they lie, so
// that no transposed copy of W is made. Sums are cut into slices of 4 DEPTH features, which are added in their order; those over
// ranks come last. Trips: features + rank. Workgroup memory: 8 KiB. Inner loops are unrolled for every adapter: registers have no index.
// Reference: src/reference/dense.ts linearInputBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  weightRow: u32,
  firstRow: u32,
  outCols: u32,
  outColumn: u32,
  inStride: u32,
  inColumn: u32,
  accumulate: u32,
  rank: u32,
  scale: f32,
}

const SIDE = 64u;
const SIDE4 = 16u;
const DEPTH = 16u;
const DEPTH4 = 4u;
const OWN = 8u;
const WG = 128u;
const FILLS = 2u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> d_low: array<vec4f>;
@group(0) @binding(4) var<storage, read> first: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;

// Four features of each of SIDE rows at a time, and DEPTH features of SIDE4 groups of four inner features.
var<workgroup> left: array<vec4f, SIDE * DEPTH4>;
var<workgroup> right: array<vec4f, SIDE4 * DEPTH>;

@compute @workgroup_size(WG)
fn linear_input_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let inner4 = dims.inner / 4u;
  let n0 = workgroup_id.y * SIDE;
  let last = dims.rows - 1u;
  let first_row = dims.weightRow - dims.firstRow;
  // Rows n .. n + OWN - 1 and inner features 4 k ..
  let n = local / SIDE4 * OWN;
  let k = workgroup_id.x * SIDE4 + local % SIDE4;
  var total: array<vec4f, OWN>;
  var sum: array<vec4f, OWN>;
  for (var j = 0u; j < OWN; j++) { // @unroll
    sum[j] = vec4f();
    total[j] = vec4f();
    if (dims.accumulate == 1u && n0 + n + j <= last && k < inner4) {
      total[j] = dx[((n0 + n + j) * dims.inStride + dims.inColumn) / 4u + k];
    }
  }
  // The product with W, then that with A.
  for (var product = 0u; product < 2u; product++) {
    let is_base = product == 0u;
    let features = select(dims.rank, dims.features, is_base);
    let scale = select(1.0, dims.scale, is_base);
    for (var f0 = 0u; f0 < features; f0 += DEPTH) {
      workgroupBarrier();
      for (var p = 0u; p < FILLS; p++) { // @unroll
        let i = p * WG + local;
        let row = min(n0 + i / DEPTH4, last);
        let four = f0 / 4u + i % DEPTH4;
        let of_four = min(four, (features - 1u) / 4u);
        let feature = f0 + i / SIDE4;
        let of_feature = min(feature, features - 1u);
        let at = min(workgroup_id.x * SIDE4 + i % SIDE4, inner4 - 1u);
        var a = vec4f();
        var b = vec4f();
        if (is_base) {
          a = dy[(row * dims.outCols + dims.outColumn) / 4u + of_four];
          b = load_weight((first_row + of_feature) * inner4 + at);
        } else {
          a = d_low[row * dims.rank / 4u + of_four];
          b = first[of_feature * inner4 + at];
        }
        // Features past the last are 0 in both: other columns may hold anything.
        left[i] = select(vec4f(), a, 4u * four < features);
        right[i] = select(vec4f(), b, feature < features);
      }
      workgroupBarrier();
      for (var q = 0u; q < DEPTH4; q++) { // @unroll
        let b0 = right[4u * q * SIDE4 + local % SIDE4];
        let b1 = right[(4u * q + 1u) * SIDE4 + local % SIDE4];
        let b2 = right[(4u * q + 2u) * SIDE4 + local % SIDE4];
        let b3 = right[(4u * q + 3u) * SIDE4 + local % SIDE4];
        for (var j = 0u; j < OWN; j++) { // @unroll
          let a = left[(n + j) * DEPTH4 + q];
          sum[j] = fma(vec4f(a.x), b0, sum[j]);
          sum[j] = fma(vec4f(a.y), b1, sum[j]);
          sum[j] = fma(vec4f(a.z), b2, sum[j]);
          sum[j] = fma(vec4f(a.w), b3, sum[j]);
        }
      }
      if ((f0 / DEPTH + 1u) % 4u == 0u || f0 + DEPTH >= features) {
        for (var j = 0u; j < OWN; j++) { // @unroll
          total[j] += scale * sum[j];
          sum[j] = vec4f();
        }
      }
    }
  }
  for (var j = 0u; j < OWN; j++) { // @unroll
    if (n0 + n + j <= last && k < inner4) {
      dx[((n0 + n + j) * dims.inStride + dims.inColumn) / 4u + k] = total[j];
    }
  }
}
