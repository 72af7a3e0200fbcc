// attention_key_backward for GPUs: a workgroup owns a head of a key, and its lanes share the queries that see it
//
// q, key_value, statistics, d_out, keys, key_parts, parts: as in attention_key_backward
// Dispatch rows keyValueHeads workgroups of LANES PARTS, from number `first` on. A lane sums every LANES-th query and head of
// each view; then the sums of the lanes are added in their order. Where a head is wide, PARTS invocations share a lane, each
// with OWN vectors of it. Trips: queries seeing it x heads / keyValueHeads / LANES. Workgroup memory: 32 (D4 + LANES PARTS) +
// 16 LANES PARTS bytes.
// Reference: src/reference/attention.ts attentionKeyBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  first: u32,
}

const D4 = 8u;
const LANES = 32u;
const PARTS = 1u;
// OWN = D4 / PARTS
const OWN = 8u;
const WG = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;

// The key, scaled, then its value.
var<workgroup> own: array<vec4f, 2u * D4>;
// What each invocation knows of a score and of the gradient of a weight; in turn the first half or the second.
var<workgroup> products: array<vec2f, 2u * WG>;
// What each invocation adds to four numbers of dk, then to four of dv.
var<workgroup> sums: array<vec4f, 2u * WG>;

@compute @workgroup_size(WG)
fn attention_lane_key_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = dims.first + workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid repeat item 0 and store nothing, so that barriers stay uniform.
  let live = index < dims.rows * dims.keyValueHeads;
  let i = select(0u, index, live);
  let j = i / dims.keyValueHeads;
  let group = dims.heads / dims.keyValueHeads;
  let first_head = i % dims.keyValueHeads * group;
  let from_key = (2u * j * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let lane = local / PARTS;
  let begin = local % PARTS * OWN;
  for (var d = local; d < D4; d += WG) {
    own[d] = key_value[from_key + d] * scale;
    own[D4 + d] = key_value[from_key + dims.keyValueHeads * D4 + d];
  }
  workgroupBarrier();
  var d_key = array<vec4f, OWN>();
  var d_value = array<vec4f, OWN>();
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
      let own_item = min(item + lane, end * group - 1u);
      let n = own_item / group;
      let h = first_head + own_item % group;
      let at = (n * dims.heads + h) * D4 + begin;
      var score4 = vec4f();
      var dp4 = vec4f();
      for (var d = 0u; d < OWN; d++) { // @unroll
        score4 = fma(q[at + d], own[begin + d], score4);
        dp4 = fma(d_out[at + d], own[D4 + begin + d], dp4);
      }
      var product = vec2f(score4.x + score4.y + score4.z + score4.w, dp4.x + dp4.y + dp4.z + dp4.w);
      if (PARTS > 1u) {
        products[turn * WG + local] = product;
        workgroupBarrier();
        product = vec2f();
        for (var p = 0u; p < PARTS; p++) {
          product += products[turn * WG + lane * PARTS + p];
        }
        turn = 1u - turn;
      }
      let p = exp(product.x - statistics[n * 2u * dims.heads + h]);
      let ds = p * (product.y - statistics[(n * 2u + 1u) * dims.heads + h]) * scale;
      if (item + lane < end * group) {
        for (var d = 0u; d < OWN; d++) { // @unroll
          d_key[d] = fma(vec4f(ds), q[at + d], d_key[d]);
          d_value[d] = fma(vec4f(p), d_out[at + d], d_value[d]);
        }
      }
    }
  }
  let part = key_parts[j];
  for (var d = 0u; d < OWN; d++) { // @unroll
    workgroupBarrier();
    sums[local] = d_key[d];
    sums[WG + local] = d_value[d];
    workgroupBarrier();
    if (live && local < 2u * PARTS) {
      let kind = local / PARTS;
      var all = vec4f();
      for (var of_lane = 0u; of_lane < LANES; of_lane++) {
        all += sums[kind * WG + of_lane * PARTS + local % PARTS];
      }
      for (var p = 0u; p < part.y; p++) {
        let at = (2u * (part.x + p * part.z) * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
        let feature = kind * dims.keyValueHeads * D4 + begin + d;
        parts[at + feature] = select(vec4f(), all, p == 0u);
      }
    }
  }
}
