// linear_weight_backward by subgroups, on a CPU: with the same bits
//
// x, dy, d_weight: as in linear_weight_backward.
//
// Dispatch (ceil(features / 4 / LANES), ceil(inner / TK), 1). An invocation owns four features x TK inner features. The
// invocations of a subgroup divide the reads of TK inner features of four rows of x, PARTS texels each, and get the
// rest from each other's registers: see shaders/lib/subgroup_products.wgsl. The sum over rows is a sum of blocks of
// `block` rows. Trips: rows / 4.
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

const TK = 64u;
const TK4 = TK / 4u;
const LANES = 16u;
const PARTS = 4u;
const FEATURES = 4u;
const EXACT = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<vec4f>;

// sum[4 k + c] holds the gradients of feature f + c at inner features 4 (k0 + k) ..
fn add_products(sum: ptr<function, array<vec4f, TK>>, g: mat4x4f, part: array<vec4f, PARTS>) {
  for (var k = 0u; k < TK4; k++) { // @unroll
    let a0 = subgroupBroadcast(part[k / LANES], k % LANES);
    let a1 = subgroupBroadcast(part[(TK4 + k) / LANES], (TK4 + k) % LANES);
    let a2 = subgroupBroadcast(part[(2u * TK4 + k) / LANES], (2u * TK4 + k) % LANES);
    let a3 = subgroupBroadcast(part[(3u * TK4 + k) / LANES], (3u * TK4 + k) % LANES);
    (*sum)[4u * k] += (g[0].x * a0 + g[1].x * a1) + (g[2].x * a2 + g[3].x * a3);
    (*sum)[4u * k + 1u] += (g[0].y * a0 + g[1].y * a1) + (g[2].y * a2 + g[3].y * a3);
    (*sum)[4u * k + 2u] += (g[0].z * a0 + g[1].z * a1) + (g[2].z * a2 + g[3].z * a3);
    (*sum)[4u * k + 3u] += (g[0].w * a0 + g[1].w * a1) + (g[2].w * a2 + g[3].w * a3);
  }
}

@compute @workgroup_size(LANES)
fn linear_subgroup_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let inner4 = dims.inner / 4u;
  let k0 = workgroup_id.y * TK4;
  let last = dims.rows - 1u;
  let f = (workgroup_id.x * LANES + lane) * 4u;
  let columns = dims.outCols / 4u;
  // Invocations past the last feature store nothing, and rows past the last row add 0.
  let column = min(dims.outColumn / 4u + f / 4u, columns - 1u);
  var total: array<vec4f, TK>;
  for (var k = 0u; k < TK4; k++) { // @unroll
    for (var c = 0u; c < FEATURES; c++) { // @unroll
      if (EXACT == 1u || (f + c < dims.features && k0 + k < inner4)) {
        total[4u * k + c] = d_weight[(dims.weightRow + f + c) * inner4 + k0 + k];
      }
    }
  }
  for (var start = 0u; start < dims.rows; start += dims.block) {
    // Initialised, since without a value a variable in a loop would keep what it held.
    var sum = array<vec4f, TK>();
    // Four rows at a time, so that a sum is read and written once for four products.
    for (var n = start; n < min(start + dims.block, dims.rows); n += 4u) {
      let g0 = dy[n * columns + column];
      let g1 = dy[min(n + 1u, last) * columns + column];
      let g2 = dy[min(n + 2u, last) * columns + column];
      let g3 = dy[min(n + 3u, last) * columns + column];
      var part: array<vec4f, PARTS>;
      for (var p = 0u; p < PARTS; p++) { // @unroll
        let row = n + (p * LANES + lane) / TK4;
        let k = min(k0 + (p * LANES + lane) % TK4, inner4 - 1u);
        let value = x[(min(row, last) * dims.inStride + dims.inColumn) / 4u + k];
        part[p] = select(vec4f(), value, row <= last);
      }
      add_products(&sum, mat4x4f(g0, g1, g2, g3), part);
    }
    for (var k = 0u; k < TK; k++) { // @unroll
      total[k] += dims.scale * sum[k];
    }
  }
  for (var k = 0u; k < TK4; k++) { // @unroll
    for (var c = 0u; c < FEATURES; c++) { // @unroll
      if (EXACT == 1u || (f + c < dims.features && k0 + k < inner4)) {
        d_weight[(dims.weightRow + f + c) * inner4 + k0 + k] = total[4u * k + c];
      }
    }
  }
}
