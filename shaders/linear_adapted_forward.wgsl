// y = a Wᵀ + bias + residual + scale u Bᵀ, u = a Aᵀ: a product of few rows and the adapters of its parts in one dispatch
//
// x, w, bias, residual, norm, a, FROM: as in linear_forward, all matrices whole; add 1 adds the residual
// The features are those of up to three parts, `features0`, `features1` and `features2` of them; a part with an adapter has
// its rank, others have rank 0.
// first   (sum of ranks, inner)  f32: A of each part, one below the other
// second0, second1, second2      f32: B of each part, (features of the part, its rank); not used where the rank is 0
// y       (rows, features)       f32, overwritten
// Dispatch (workgroups of all parts, ceil(rows / ROWS), 1), ceil(features / (BLOCKS FEATURES)) for a part. A workgroup first
// sums u of ROWS rows for its part's A, FEATURES of them at a time, then BLOCKS times FEATURES features of W, as
// lib/slice_sums.wgsl says, and adds scale u Bᵀ in slices of 4 SLICE4: the bits are those of linear_slice_forward for W, A
// and B. lib/adapter_parts.wgsl finds the part.
// Trips: inner / 4 / LANES (BLOCKS + rank / FEATURES). Workgroup memory: 16 TILE + 4 ROWS + 4 ROWS RANK bytes.
// Reference: src/reference/low_rank.ts linearAdaptedForward. Test: tests/shaders/adapted_test.ts.
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
  eps: f32,
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
const BLOCKS = 1u;
// The largest rank of a part.
const RANK = 16u;
// As in linear_slice_forward.
const SQUARES = 64u;
const SQUARED_ROWS = 4u;

// What weight_at reads.
const BASE = 0u;
const FIRST = 1u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>;
@group(0) @binding(6) var<storage, read> first: array<vec4f>;
@group(0) @binding(7) var<storage, read> second0: array<vec4f>;
@group(0) @binding(8) var<storage, read> second1: array<vec4f>;
@group(0) @binding(9) var<storage, read> second2: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> y: array<f32>;

// u of each row.
var<workgroup> lows: array<f32, ROWS * RANK>;

fn start_of(n: u32) -> u32 {
  return min(n, dims.rows - 1u) * dims.inner / 4u * select(1u, 2u, FROM == 2u);
}

fn weight_at(source: u32, i: u32) -> vec4f {
  if (source == FIRST) {
    return first[i];
  }
  return load_weight(i);
}

// scale u Bᵀ of a row and a feature of a part, added to `before` slice by slice.
fn add_second(before: f32, row: u32, part: u32, feature: u32, rank: u32) -> f32 {
  var total = before;
  for (var slice = 0u; slice < rank / 4u; slice += SLICE4) {
    var sum = 0.0;
    for (var k = slice; k < min(slice + SLICE4, rank / 4u); k++) {
      let at = row * RANK + 4u * k;
      let low = vec4f(lows[at], lows[at + 1u], lows[at + 2u], lows[at + 3u]);
      sum += dot(low, second_at(part, feature * rank / 4u + k));
    }
    total += dims.scale * sum;
  }
  return total;
}

@compute @workgroup_size(WG)
fn linear_adapted_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * ROWS;
  let part = part_of(workgroup_id.x, features_of_parts(), BLOCKS * FEATURES);
  let rank = part.rank;
  if (FROM == 1u) {
    scale_rows(n0, local);
  }
  for (var r = 0u; r < rank; r += FEATURES) {
    // Written out, since not every compiler clears a variable of a loop again.
    var low = array<f32, OWNED>();
    add_slices(&low, n0, FIRST, part.factor + r, rank - 1u - r, 0.0, 1.0, local);
    for (var j = 0u; j < OWNED; j++) { // @unroll
      let item = j * WG + local;
      if (item < ROWS * FEATURES && r + item % FEATURES < rank) {
        lows[item / FEATURES * RANK + r + item % FEATURES] = low[j];
      }
    }
  }
  let start = part.group * BLOCKS * FEATURES;
  let end = min(start + BLOCKS * FEATURES, part.features);
  for (var f0 = start; f0 < end; f0 += FEATURES) {
    let last = part.features - 1u - f0;
    var total: array<f32, OWNED>;
    for (var j = 0u; j < OWNED; j++) { // @unroll
      let item = j * WG + local;
      let row = min(n0 + item / FEATURES, dims.rows - 1u);
      let at = row * dims.features + part.column + f0 + min(item % FEATURES, last);
      total[j] = 0.0;
      if (dims.add == 1u) {
        total[j] = residual[at];
      }
    }
    let own = bias[part.column + f0 + min(local % FEATURES, last)];
    add_slices(&total, n0, BASE, part.column + f0, last, select(0.0, own, dims.hasBias == 1u), 1.0, local);
    for (var j = 0u; j < OWNED; j++) { // @unroll
      let item = j * WG + local;
      let row = item / FEATURES;
      let feature = item % FEATURES;
      if (row < ROWS && n0 + row < dims.rows && feature <= last) {
        let value = add_second(total[j], row, part.index, f0 + feature, rank);
        y[(n0 + row) * dims.features + part.column + f0 + feature] = value;
      }
    }
  }
}
