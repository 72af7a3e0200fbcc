// y = x Wᵀ + bias + residual + scale low_p B_pᵀ for the features of each part p: a product of many rows and its adapters in one
// dispatch, for GPUs
//
// x (rows, inner) f32     w (features, inner) in its format     bias (features), residual (rows, features) f32: read if hasBias
// and if add is 1
// low (rows, sum of ranks) f32: x Aᵀ of each part, side by side     second0, second1, second2: as in linear_adapted_forward
// y (rows, features) f32, overwritten
// Dispatch (workgroups of all parts, ceil(rows / 64), 1), ceil(features / 64) for a part. Workgroups and sums are those of
// linear_tile_forward, first over the inner features and then over the ranks, so that the bits are those of a product for W and
// of one for each B that is added. lib/adapter_parts.wgsl finds the part.
// Trips: (inner + rank) / 4. Workgroup memory: 2 KiB KC4.
// Reference: src/reference/low_rank.ts linearLowRankForward. Test: tests/shaders/low_rank_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  features0: u32,
  features1: u32,
  features2: u32,
  rank0: u32,
  rank1: u32,
  rank2: u32,
  hasBias: u32,
  slice: u32,
  add: u32,
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
@group(0) @binding(5) var<storage, read> low: array<vec4f>;
@group(0) @binding(6) var<storage, read> second0: array<vec4f>;
@group(0) @binding(7) var<storage, read> second1: array<vec4f>;
@group(0) @binding(8) var<storage, read> second2: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> y: array<f32>;

var<workgroup> left: array<vec4f, SIDE * KC4>;
var<workgroup> right: array<vec4f, SIDE * KC4>;

@compute @workgroup_size(WG)
fn linear_low_rank_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = part_of(workgroup_id.x, features_of_parts(), SIDE);
  let low4 = (dims.rank0 + dims.rank1 + dims.rank2) / 4u;
  let n0 = workgroup_id.y * SIDE;
  let f0 = part.group * SIDE;
  let last_row = dims.rows - 1u;
  let last_feature = part.features - 1u;
  let slice4 = dims.slice / 4u;
  // Rows n .. n + ROWS - 1 and every LANES-th feature from f on.
  let n = local / LANES * ROWS;
  let f = local % LANES;
  var total: array<f32, OUTPUTS>;
  var sum: array<f32, OUTPUTS>;
  for (var j = 0u; j < FEATURES; j++) { // @unroll
    let feature = part.column + min(f0 + f + j * LANES, last_feature);
    let first = select(0.0, bias[feature], dims.hasBias == 1u);
    for (var i = 0u; i < ROWS; i++) { // @unroll
      let at = min(n0 + n + i, last_row) * dims.features + feature;
      sum[i * FEATURES + j] = first;
      total[i * FEATURES + j] = 0.0;
      if (dims.add == 1u) {
        total[i * FEATURES + j] = residual[at];
      }
    }
  }
  // The product with W, then that with B.
  for (var product = 0u; product < 2u; product++) {
    let is_base = product == 0u;
    let inner4 = select(part.rank, dims.inner, is_base) / 4u;
    let scale = select(dims.scale, 1.0, is_base);
    for (var k0 = 0u; k0 < inner4; k0 += KC4) {
      workgroupBarrier();
      for (var p = 0u; p < FILLS; p++) { // @unroll
        let i = p * WG + local;
        let k = k0 + i % KC4;
        let at = min(k, inner4 - 1u);
        let row = min(n0 + i / KC4, last_row);
        let feature = min(f0 + i / KC4, last_feature);
        var a = vec4f();
        var b = vec4f();
        if (is_base) {
          a = x[row * inner4 + at];
          b = load_weight((part.column + feature) * inner4 + at);
        } else {
          a = low[row * low4 + part.factor / 4u + at];
          b = second_at(part.index, feature * inner4 + at);
        }
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
      }
      if ((k0 + KC4) % slice4 == 0u || k0 + KC4 >= inner4) {
        for (var i = 0u; i < OUTPUTS; i++) { // @unroll
          total[i] += scale * sum[i];
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
        y[row * dims.features + part.column + feature] = total[i * FEATURES + j];
      }
    }
  }
}
