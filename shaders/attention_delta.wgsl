// statistics[n, h] = m + log s,  statistics[n, heads + h] = delta[n,h] = d_out[n,h] . out[n,h]
//
// out, d_out (rows, heads D) f32     softmax (rows, heads) of [m, s] f32     statistics (rows, 2 heads) f32, overwritten
// Packed together because the backward kernels have no binding to spare.
// Dispatch ceil(rows heads / WG); an invocation owns a head of a query. Trips: D / 4.
// Reference: src/reference/attention.ts attentionDelta. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  headDim: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(3) var<storage, read> softmax: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(WG)
fn attention_delta(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.rows * dims.heads) {
    return;
  }
  let length = dims.headDim / 4u;
  var products = vec4f();
  for (var d = 0u; d < length; d++) {
    products = fma(out[i * length + d], d_out[i * length + d], products);
  }
  let at = i / dims.heads * 2u * dims.heads + i % dims.heads;
  statistics[at] = softmax[i].x + log(softmax[i].y);
  statistics[at + dims.heads] = products.x + products.y + products.z + products.w;
}
