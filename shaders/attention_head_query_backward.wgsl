// attention_query_backward for GPUs: an invocation owns one head of a query, so that there are many and each fits its registers
//
// q, key_value, statistics, d_out, queries, d_q: as in attention_query_backward
// Dispatch ceil(rows heads / WG), from item `first` on. Trips: slots seen.
// Reference: src/reference/attention.ts attentionQueryBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  first: u32,
}

const D4 = 8u;
override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> queries: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> d_q: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_head_query_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = dims.first + flat_index(workgroup_id, local, WG);
  if (i >= dims.rows * dims.heads) {
    return;
  }
  let n = i / dims.heads;
  let h = i % dims.heads;
  let g = h / (dims.heads / dims.keyValueHeads);
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let log_sum = statistics[n * 2u * dims.heads + h];
  let delta = statistics[(n * 2u + 1u) * dims.heads + h];
  var query: array<vec4f, D4>;
  var d_output: array<vec4f, D4>;
  var sum: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) { // @unroll
    query[d] = q[i * D4 + d] * scale;
    d_output[d] = d_out[i * D4 + d];
    sum[d] = vec4f();
  }
  let row = queries[n];
  for (var r = 0u; r <= row.y; r++) {
    var stretch = vec2u(row.z, row.w + 1u);
    if (r < row.y) {
      stretch = queries[row.x + r].xy;
    }
    for (var j = stretch.x; j < stretch.y; j++) {
      let at = (2u * j * dims.keyValueHeads + g) * D4;
      var key: array<vec4f, D4>;
      var score4 = vec4f();
      var dp4 = vec4f();
      for (var d = 0u; d < D4; d++) { // @unroll
        key[d] = key_value[at + d];
        score4 = fma(query[d], key[d], score4);
        dp4 = fma(d_output[d], key_value[at + dims.keyValueHeads * D4 + d], dp4);
      }
      let p = exp(score4.x + score4.y + score4.z + score4.w - log_sum);
      let ds = p * (dp4.x + dp4.y + dp4.z + dp4.w - delta) * scale;
      for (var d = 0u; d < D4; d++) { // @unroll
        sum[d] = fma(vec4f(ds), key[d], sum[d]);
      }
    }
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    d_q[i * D4 + d] = sum[d];
  }
}
