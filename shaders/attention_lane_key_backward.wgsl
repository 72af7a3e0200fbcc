// attention_key_backward for GPUs: a workgroup owns a head of a key, and its lanes share the queries that see it
//
// q, key_value, statistics, d_out, keys, key_parts, parts: as in attention_key_backward
// Dispatch rows keyValueHeads workgroups of LANES SHARERS, those from number `first` to `end`. A lane sums every LANES-th query
// and head of each view; then the sums of the lanes are added in their order. Trips: queries seeing it x heads /
// keyValueHeads / LANES. Workgroup memory: 32 SHARERS VECTORS + 48 LANES SHARERS bytes.
// Reference: src/reference/attention.ts attentionKeyBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  first: u32,
  end: u32,
}

const D4 = 8u;
const LANES = 32u;
// Invocations that share a lane, each with VECTORS of a head: VECTORS = ceil(D4 / SHARERS)
const SHARERS = 1u;
const VECTORS = 8u;
const WG = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;

// The key, scaled, then its value, both with zeros up to a whole number of vectors for each sharer.
var<workgroup> key_and_value: array<vec4f, 2u * SHARERS * VECTORS>;
// Partial products q k and d_out v of each invocation. Two halves take turns, so that one barrier a step is enough.
var<workgroup> products: array<vec2f, 2u * WG>;
// What each invocation adds to four numbers of dk, then to four of dv.
var<workgroup> sums: array<vec4f, 2u * WG>;

@compute @workgroup_size(WG)
fn attention_lane_key_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = dims.first + workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid have no item.
  if (i >= dims.end) {
    return;
  }
  let j = i / dims.keyValueHeads;
  let group = dims.heads / dims.keyValueHeads;
  let first_head = i % dims.keyValueHeads * group;
  let from_key = (2u * j * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let lane = local / SHARERS;
  let begin = local % SHARERS * VECTORS;
  for (var d = local; d < SHARERS * VECTORS; d += WG) {
    let at = from_key + min(d, D4 - 1u);
    key_and_value[d] = select(vec4f(), key_value[at] * scale, d < D4);
    key_and_value[SHARERS * VECTORS + d] = select(vec4f(), key_value[at + dims.keyValueHeads * D4], d < D4);
  }
  workgroupBarrier();
  var d_key = array<vec4f, VECTORS>();
  var d_value = array<vec4f, VECTORS>();
  var turn = 0u;
  let row = keys[j];
  for (var r = 0u; r <= row.y; r++) {
    var view = vec3u(j, row.z, j + 1u);
    if (r > 0u) {
      view = keys[row.x + r - 1u].xyz;
    }
    // A view that does not see this key becomes an empty stretch.
    let end = select(view.x, view.y, j < view.z);
    for (var item = view.x * group; item < end * group; item += LANES) {
      let reached = min(item + lane, end * group - 1u);
      let n = reached / group;
      let h = first_head + reached % group;
      let at = (n * dims.heads + h) * D4;
      var score4 = vec4f();
      var dp4 = vec4f();
      for (var d = 0u; d < VECTORS; d++) { // @unroll
        let vector = at + min(begin + d, D4 - 1u);
        score4 = fma(q[vector], key_and_value[begin + d], score4);
        dp4 = fma(d_out[vector], key_and_value[SHARERS * VECTORS + begin + d], dp4);
      }
      var product = vec2f(score4.x + score4.y + score4.z + score4.w, dp4.x + dp4.y + dp4.z + dp4.w);
      if (SHARERS > 1u) {
        products[turn * WG + local] = product;
        workgroupBarrier();
        product = vec2f();
        for (var p = 0u; p < SHARERS; p++) {
          product += products[turn * WG + lane * SHARERS + p];
        }
        turn = 1u - turn;
      }
      let p = exp(product.x - statistics[n * 2u * dims.heads + h]);
      let ds = p * (product.y - statistics[(n * 2u + 1u) * dims.heads + h]) * scale;
      if (item + lane < end * group) {
        for (var d = 0u; d < VECTORS; d++) { // @unroll
          let vector = at + min(begin + d, D4 - 1u);
          d_key[d] = fma(vec4f(ds), q[vector], d_key[d]);
          d_value[d] = fma(vec4f(p), d_out[vector], d_value[d]);
        }
      }
    }
  }
  let part = key_parts[j];
  for (var d = 0u; d < VECTORS; d++) { // @unroll
    workgroupBarrier();
    sums[local] = d_key[d];
    sums[WG + local] = d_value[d];
    workgroupBarrier();
    if (local < 2u * SHARERS && begin + d < D4) {
      let kind = local / SHARERS;
      var all = vec4f();
      for (var of_lane = 0u; of_lane < LANES; of_lane++) {
        all += sums[kind * WG + of_lane * SHARERS + local % SHARERS];
      }
      for (var p = 0u; p < part.y; p++) {
        let at = (2u * (part.x + p * part.z) * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
        let feature = kind * dims.keyValueHeads * D4 + begin + d;
        parts[at + feature] = select(vec4f(), all, p == 0u);
      }
    }
  }
}
