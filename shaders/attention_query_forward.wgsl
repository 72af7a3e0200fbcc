// attention_forward for GPUs where there are many queries: a workgroup for the heads of a query that share keys
//
// q, key_value, queries, out, softmax: as in attention_forward     D a multiple of 4
// Dispatch rows keyValueHeads workgroups of WG, those from number `first` to `end`. A workgroup computes all parts of the slots, as
// shaders/lib/attention_part.wgsl says, and joins them in the order of attention_join: a query has the bits that it has
// while decoding. Trips: slots.
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
struct Dims {
  keyValueHeads: u32,
  first: u32,
  end: u32,
}

const D4 = 8u;
const GROUP = 1u;
const BLOCK = 32u;
const SPLITS = 16u;
const WG = 128u;
// OWNED = ceil(GROUP D4 / WG)
const OWNED = 1u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> queries: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> softmax: array<vec2f>;

@compute @workgroup_size(WG)
fn attention_query_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = dims.first + workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid have no item.
  if (i >= dims.end) {
    return;
  }
  load_query(i, local);
  var all = Part(NEG_LARGE, 0.0, array<vec4f, OWNED>());
  for (var at = 0u; at < SPLITS; at++) {
    let part = part_of(i, at, local);
    workgroupBarrier();
    if (local < GROUP) {
      let m = max(all.m, part.m);
      let left = exp(all.m - m);
      let right = exp(part.m - m);
      all.s = all.s * left + part.s * right;
      all.m = m;
      keep[local] = left;
      top[local] = right;
    }
    workgroupBarrier();
    for (var o = 0u; o < OWNED; o++) { // @unroll
      let h = min(o * WG + local, GROUP * D4 - 1u) / D4;
      all.sum[o] = all.sum[o] * keep[h] + part.sum[o] * top[h];
    }
  }
  workgroupBarrier();
  if (local < GROUP) {
    keep[local] = all.s;
    softmax[i * GROUP + local] = vec2f(all.m, all.s);
  }
  workgroupBarrier();
  for (var o = 0u; o < OWNED; o++) { // @unroll
    let item = o * WG + local;
    if (item < GROUP * D4) {
      out[i * GROUP * D4 + item] = all.sum[o] / keep[item / D4];
    }
  }
}
