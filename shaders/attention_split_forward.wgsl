// attention_forward for GPUs where each query is of another sequence: a workgroup for each part of the slots that it sees
//
// q, key_value, queries: as in attention_forward     D a multiple of 4
// partials (rows, heads, SPLITS, D / 4 + 1) of vec4f, overwritten: [m, s, 0, 0] of a part, then sum_j exp(score - m) v[j];
// attention_join joins them
// Dispatch (SPLITS, rows keyValueHeads, 1). A workgroup computes one part as shaders/lib/attention_part.wgsl says. What a
// part is depends on the number of slots alone. Trips: slots / SPLITS.
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
struct Dims {
  keyValueHeads: u32,
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
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_split_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = workgroup_id.y;
  load_query(i, local);
  let part = part_of(i, workgroup_id.x, local);
  if (local < GROUP) {
    let at = ((i * GROUP + local) * SPLITS + workgroup_id.x) * (D4 + 1u);
    partials[at] = vec4f(part.m, part.s, 0.0, 0.0);
  }
  for (var o = 0u; o < OWNED; o++) { // @unroll
    let item = o * WG + local;
    if (item < GROUP * D4) {
      let at = ((i * GROUP + item / D4) * SPLITS + workgroup_id.x) * (D4 + 1u);
      partials[at + 1u + item % D4] = part.sum[o];
    }
  }
}
