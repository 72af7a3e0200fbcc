// d_low[n,factor_p+r] = scale sum_f dy[n,column_p+f] B_p[f,r] for each part p: the gradients of all x Aᵀ of a product, for GPUs
//
// dy (rows, features) f32     second0, second1, second2: B of each part, (features of the part, its rank) f32; not used where
// the rank is 0
// d_low (rows, sum of ranks) f32, overwritten
// All numbers of features and ranks are multiples of 4; column_p and factor_p are the sums of those of the parts before.
// Dispatch (ceil(rank / 16) for each part, ceil(rows / 32), 1). A workgroup owns 32 rows x 16 ranks, an invocation four ranks of
// a row; DEPTH features of both operands lie in workgroup memory at a time. Sums are cut into slices of 4 DEPTH features.
// Trips: features / DEPTH. Workgroup memory: 3 KiB.
// Reference: src/reference/low_rank.ts lowRankInputBackward. Test: tests/shaders/low_rank_test.ts.
struct Dims {
  rows: u32,
  features: u32,
  features0: u32,
  features1: u32,
  features2: u32,
  rank0: u32,
  rank1: u32,
  rank2: u32,
  scale: f32,
}

const ROWS = 32u;
const RANKS = 16u;
const RANKS4 = 4u;
const DEPTH = 16u;
const DEPTH4 = 4u;
const WG = 128u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> second0: array<vec4f>;
@group(0) @binding(3) var<storage, read> second1: array<vec4f>;
@group(0) @binding(4) var<storage, read> second2: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_low: array<vec4f>;

var<workgroup> left: array<vec4f, ROWS * DEPTH4>;
var<workgroup> right: array<vec4f, DEPTH * RANKS4>;

@compute @workgroup_size(WG)
fn low_rank_input_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = part_of(workgroup_id.x, ranks_of_parts(), RANKS);
  let low4 = (dims.rank0 + dims.rank1 + dims.rank2) / 4u;
  let rank4 = part.rank / 4u;
  let features4 = part.features / 4u;
  let row = workgroup_id.y * ROWS + local / RANKS4;
  let last_row = dims.rows - 1u;
  let r = part.group * RANKS4 + local % RANKS4;
  let of_row = (min(row, last_row) * dims.features + part.column) / 4u;
  var total = vec4f();
  var sum = vec4f();
  for (var f0 = 0u; f0 < features4; f0 += DEPTH4) {
    workgroupBarrier();
    // Features past the last are 0.
    let f = f0 + local % DEPTH4;
    left[local] = select(vec4f(), dy[of_row + min(f, features4 - 1u)], f < features4);
    if (local < DEPTH * RANKS4) {
      let feature = min(4u * f0 + local / RANKS4, part.features - 1u);
      right[local] = second_at(part.index, feature * rank4 + min(r, rank4 - 1u));
    }
    workgroupBarrier();
    for (var q = 0u; q < DEPTH4; q++) { // @unroll
      let a = left[local / RANKS4 * DEPTH4 + q];
      let at = 4u * q * RANKS4 + local % RANKS4;
      sum = fma(vec4f(a.x), right[at], sum);
      sum = fma(vec4f(a.y), right[at + RANKS4], sum);
      sum = fma(vec4f(a.z), right[at + 2u * RANKS4], sum);
      sum = fma(vec4f(a.w), right[at + 3u * RANKS4], sum);
    }
    if ((f0 / DEPTH4 + 1u) % 4u == 0u) {
      total += sum;
      sum = vec4f();
    }
  }
  if (row <= last_row && r < rank4) {
    d_low[row * low4 + part.factor / 4u + r] = dims.scale * (total + sum);
  }
}
