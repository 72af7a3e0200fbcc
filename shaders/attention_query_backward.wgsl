// dq[n,h] = sum_j ds[n,j] k[j,g] / sqrt(D),  ds = p (d_out[n,h] . v[j,g] - delta[n,h]),  p = exp(score - log_sum)
//
// q, d_out, d_q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     statistics (rows, 2 heads) f32
// queries: as in attention_forward     d_q overwritten
// Dispatch ceil(rows keyValueHeads / WG); an invocation owns the GROUP heads of a query that share keys. Trips: slots seen.
// Reference: src/reference/attention.ts attentionQueryBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
}

const D4 = 8u;
const GROUP = 1u;
override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> queries: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> d_q: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_query_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.rows * dims.keyValueHeads) {
    return;
  }
  let n = i / dims.keyValueHeads;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let first = i * GROUP * D4;
  let head = n * 2u * dims.heads + i % dims.keyValueHeads * GROUP;
  var query: array<vec4f, GROUP * D4>;
  var d_output: array<vec4f, GROUP * D4>;
  var sum: array<vec4f, GROUP * D4>;
  var log_sum: array<f32, GROUP>;
  var delta: array<f32, GROUP>;
  for (var h = 0u; h < GROUP; h++) { // @unroll
    log_sum[h] = statistics[head + h];
    delta[h] = statistics[head + dims.heads + h];
    for (var d = 0u; d < D4; d++) { // @unroll
      query[h * D4 + d] = q[first + h * D4 + d] * scale;
      d_output[h * D4 + d] = d_out[first + h * D4 + d];
      sum[h * D4 + d] = vec4f();
    }
  }
  let row = queries[n];
  for (var r = 0u; r <= row.y; r++) {
    var stretch = vec2u(row.z, row.w + 1u);
    if (r < row.y) {
      stretch = queries[row.x + r].xy;
    }
    for (var j = stretch.x; j < stretch.y; j++) {
      let at = (2u * j * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
      var key: array<vec4f, D4>;
      var value: array<vec4f, D4>;
      for (var d = 0u; d < D4; d++) { // @unroll
        key[d] = key_value[at + d];
        value[d] = key_value[at + dims.keyValueHeads * D4 + d];
      }
      for (var h = 0u; h < GROUP; h++) { // @unroll
        var score4 = vec4f();
        var dp4 = vec4f();
        for (var d = 0u; d < D4; d++) { // @unroll
          score4 = fma(query[h * D4 + d], key[d], score4);
          dp4 = fma(d_output[h * D4 + d], value[d], dp4);
        }
        let p = exp(score4.x + score4.y + score4.z + score4.w - log_sum[h]);
        let ds = p * (dp4.x + dp4.y + dp4.z + dp4.w - delta[h]) * scale;
        for (var d = 0u; d < D4; d++) { // @unroll
          sum[h * D4 + d] = fma(vec4f(ds), key[d], sum[h * D4 + d]);
        }
      }
    }
  }
  for (var h = 0u; h < GROUP; h++) { // @unroll
    for (var d = 0u; d < D4; d++) { // @unroll
      d_q[first + h * D4 + d] = sum[h * D4 + d];
    }
  }
}
