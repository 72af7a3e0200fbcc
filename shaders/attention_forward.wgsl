// out[n,h] = sum_j p[j] v[j,g],  p = softmax_j(q[n,h] . k[j,g] / sqrt(D)),  g = h keyValueHeads / heads
// softmax[n,h] = [m, s],  m = max_j q[n,h] . k[j,g] / sqrt(D),  s = sum_j exp(q[n,h] . k[j,g] / sqrt(D) - m)
//
// q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// queries (Q) of u32: row n < rows is [firstRange, rangeCount, ownStart, slot], other rows are ranges [start, end, ..].
//   Query n sees the slots of its ranges, then ownStart..slot: at least its own, so the sum is never empty.
// out (rows, heads D), softmax (rows, heads) of [m, s] f32, overwritten
// Dispatch ceil(rows keyValueHeads / WG); an invocation owns the GROUP = heads / keyValueHeads heads of a query that
// share keys and values, so that it reads these once. It loops over the slots in table order with the online softmax:
// m' = max(m, score), sums scaled by exp(m - m'). Trips: slots seen (times GROUP D / 2 where loops are kept).
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
}

const D4 = 8u;
const GROUP = 1u;
const NEG_LARGE = -3.4028234e38;
override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> queries: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> softmax: array<vec2f>;

@compute @workgroup_size(WG)
fn attention_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.rows * dims.keyValueHeads) {
    return;
  }
  let n = i / dims.keyValueHeads;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  // Heads i GROUP .. i GROUP + GROUP - 1 of the flat (rows, heads) order.
  let first = i * GROUP * D4;
  var query: array<vec4f, GROUP * D4>;
  var sum: array<vec4f, GROUP * D4>;
  var m: array<f32, GROUP>;
  var s: array<f32, GROUP>;
  for (var h = 0u; h < GROUP; h++) { // @unroll
    m[h] = NEG_LARGE;
    s[h] = 0.0;
    for (var d = 0u; d < D4; d++) { // @unroll
      query[h * D4 + d] = q[first + h * D4 + d] * scale;
      sum[h * D4 + d] = vec4f();
    }
  }
  let row = queries[n];
  // One loop over all stretches of slots: the query's ranges, then its own segment.
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
        for (var d = 0u; d < D4; d++) { // @unroll
          score4 = fma(query[h * D4 + d], key[d], score4);
        }
        let score = score4.x + score4.y + score4.z + score4.w;
        // One of the two factors exp(m - m') and exp(score - m') is 1.
        let e = exp(-abs(score - m[h]));
        let keep = select(e, 1.0, score <= m[h]);
        let weight = select(1.0, e, score <= m[h]);
        s[h] = s[h] * keep + weight;
        m[h] = max(m[h], score);
        for (var d = 0u; d < D4; d++) { // @unroll
          sum[h * D4 + d] = fma(value[d], vec4f(weight), sum[h * D4 + d] * keep);
        }
      }
    }
  }
  for (var h = 0u; h < GROUP; h++) { // @unroll
    for (var d = 0u; d < D4; d++) { // @unroll
      out[first + h * D4 + d] = sum[h * D4 + d] / s[h];
    }
    softmax[i * GROUP + h] = vec2f(m[h], s[h]);
  }
}
