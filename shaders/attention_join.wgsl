// out and softmax of attention_forward from the parts of attention_split_forward, joined in order
//
// partials (rows, heads, SPLITS, D / 4 + 1) of vec4f: [m, s, 0, 0] of a part, then its sum of weighted values
// out (rows, heads D), softmax (rows, heads) of [m, s] f32, overwritten
// Dispatch ceil(rows heads D / WG); an invocation owns a feature of a head. Trips: SPLITS.
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  headDim: u32,
}

const NEG_LARGE = -3.4028234e38;
const SPLITS = 16u;
override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> softmax: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_join(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let head = i / dims.headDim;
  if (head >= dims.rows * dims.heads) {
    return;
  }
  let d = i % dims.headDim;
  let length = dims.headDim / 4u + 1u;
  var m = NEG_LARGE;
  var s = 0.0;
  var sum = 0.0;
  for (var part = 0u; part < SPLITS; part++) {
    let at = (head * SPLITS + part) * length;
    let next = max(m, partials[at].x);
    let left = exp(m - next);
    let right = exp(partials[at].x - next);
    s = s * left + partials[at].y * right;
    sum = sum * left + partials[at + 1u + d / 4u][d % 4u] * right;
    m = next;
  }
  out[i] = sum / s;
  if (d == 0u) {
    softmax[head] = vec2f(m, s);
  }
}
