// dW[weightRow+f,k] += scale sum_n dy[n,f] x[n,k]
//
// x        (rows, inner)     f32: columns from inColumn on of a matrix with inStride columns
// dy       (rows, features)  f32: columns from outColumn on of a matrix with outCols columns; all multiples of 4
// d_weight (.., inner)       f32, accumulates
//
// Dispatch (ceil(features / 4 / WG), ceil(inner / TK), 1), once for each TB rows from `start` on, in order: the sum
// over rows is a sum of blocks of TB. A workgroup owns 4 WG features x TK inner features; an invocation owns four
// features, so that one read of dy serves 4 TK products. outCols is a multiple of 4.
// Trips per invocation: TB TK / 4 / WG to fill the tile, and TB TK where loops are kept. Workgroup memory 4 TB TK.
// Reference: src/reference/dense.ts linearWeightBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  start: u32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  scale: f32,
}

const TB = 64u;
const TK = 16u;
const TK4 = TK / 4u;
const TB4 = TB / 4u;
const FEATURES = 4u;
const WG = 32u;
const FILLS = 32u;
const EXACT = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> d_weight: array<vec4f>;

var<workgroup> tile: array<vec4f, TB * TK4>;

// A function, so that a compiler reads these products once; drivers inline it.
fn add_products(sum: ptr<function, array<vec4f, TK>>, g: mat4x4f, n: u32) {
  for (var k = 0u; k < TK4; k++) { // @unroll
    let a0 = tile[4u * n * TK4 + k];
    let a1 = tile[(4u * n + 1u) * TK4 + k];
    let a2 = tile[(4u * n + 2u) * TK4 + k];
    let a3 = tile[(4u * n + 3u) * TK4 + k];
    (*sum)[4u * k] += (g[0].x * a0 + g[1].x * a1) + (g[2].x * a2 + g[3].x * a3);
    (*sum)[4u * k + 1u] += (g[0].y * a0 + g[1].y * a1) + (g[2].y * a2 + g[3].y * a3);
    (*sum)[4u * k + 2u] += (g[0].z * a0 + g[1].z * a1) + (g[2].z * a2 + g[3].z * a3);
    (*sum)[4u * k + 3u] += (g[0].w * a0 + g[1].w * a1) + (g[2].w * a2 + g[3].w * a3);
  }
}

@compute @workgroup_size(WG)
fn linear_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let inner4 = dims.inner / 4u;
  let k0 = workgroup_id.y * TK4;
  let last = dims.rows - 1u;
  for (var p = 0u; p < FILLS; p++) { // @unroll
    let i = p * WG + local;
    let row = dims.start + i / TK4;
    let k = min(k0 + i % TK4, inner4 - 1u);
    let value = x[(min(row, last) * dims.inStride + dims.inColumn) / 4u + k];
    if (TB * TK4 % WG == 0u || i < TB * TK4) {
      tile[i] = select(vec4f(), value, row <= last);
    }
  }
  workgroupBarrier();

  let f = (workgroup_id.x * WG + local) * 4u;
  let columns = dims.outCols / 4u;
  // Invocations past the last feature store nothing, and rows past the last row add 0.
  let column = min(dims.outColumn / 4u + f / 4u, columns - 1u);
  // sum[4 k + c] holds the gradients of feature f + c at inner features 4 (k0 + k) ..
  var sum: array<vec4f, TK>;
  for (var k = 0u; k < TK; k++) { // @unroll
    sum[k] = vec4f();
  }
  // Four rows at a time, so that a sum is read and written once for four products.
  for (var n = 0u; n < TB4; n++) { // @unroll
    let row = dims.start + 4u * n;
    let g0 = dy[min(row, last) * columns + column];
    let g1 = dy[min(row + 1u, last) * columns + column];
    let g2 = dy[min(row + 2u, last) * columns + column];
    let g3 = dy[min(row + 3u, last) * columns + column];
    add_products(&sum, mat4x4f(g0, g1, g2, g3), n);
  }
  for (var k = 0u; k < TK4; k++) { // @unroll
    for (var c = 0u; c < FEATURES; c++) { // @unroll
      if (EXACT == 1u || (f + c < dims.features && k0 + k < inner4)) {
        d_weight[(dims.weightRow + f + c) * inner4 + k0 + k] += dims.scale * sum[4u * k + c];
      }
    }
  }
}
