// dk[j,g] = sum_{n,h} ds[n,j] q[n,h] / sqrt(D),  dv[j,g] = sum_{n,h} p[n,j] d_out[n,h]
// over the queries n that see key j and the heads h of key/value head g; p and ds as in attention_query_backward
//
// q, d_out (rows, heads D) f32     key_value = [k | v] (rows, 2 keyValueHeads D) f32
// statistics (rows, 2 heads) f32
// keys (K) of u32: row j < rows is [firstView, viewCount, ownEnd, ..], other rows are views
//   [queryStart, queryEnd, visibleEnd, ..]. Key j is seen by j..ownEnd-1, then by each view with j < visibleEnd.
// key_parts (rows) of u32 [first, parts, keys, ..]: rows first, first + keys, .. of parts belong to the key
// parts = [dk | dv] (2 rows, 2 keyValueHeads D) f32: the first row of a key is overwritten, its other rows become 0
// Dispatch ceil(rows keyValueHeads / WG); an invocation owns a head of a key. Trips: queries seeing it x heads / keyValueHeads.
// Reference: src/reference/attention.ts attentionKeyBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
}

const D4 = 8u;
override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_key_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.rows * dims.keyValueHeads) {
    return;
  }
  let j = i / dims.keyValueHeads;
  let group = dims.heads / dims.keyValueHeads;
  let firstHead = i % dims.keyValueHeads * group;
  let own = (2u * j * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  var key: array<vec4f, D4>;
  var value: array<vec4f, D4>;
  var d_key: array<vec4f, D4>;
  var d_value: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) { // @unroll
    key[d] = key_value[own + d] * scale;
    value[d] = key_value[own + dims.keyValueHeads * D4 + d];
    d_key[d] = vec4f();
    d_value[d] = vec4f();
  }
  let row = keys[j];
  for (var r = 0u; r <= row.y; r++) {
    var view = vec3u(j, row.z, j + 1u);
    if (r > 0u) {
      view = keys[row.x + r - 1u].xyz;
    }
    // A view that does not see this key becomes an empty stretch.
    let end = select(view.x, view.y, j < view.z);
    for (var item = view.x * group; item < end * group; item++) {
      let n = item / group;
      let h = firstHead + item % group;
      let at = (n * dims.heads + h) * D4;
      var score4 = vec4f();
      var dp4 = vec4f();
      for (var d = 0u; d < D4; d++) { // @unroll
        score4 = fma(q[at + d], key[d], score4);
        dp4 = fma(d_out[at + d], value[d], dp4);
      }
      let log_sum = statistics[n * 2u * dims.heads + h];
      let delta = statistics[(n * 2u + 1u) * dims.heads + h];
      let p = exp(score4.x + score4.y + score4.z + score4.w - log_sum);
      let ds = p * (dp4.x + dp4.y + dp4.z + dp4.w - delta) * scale;
      for (var d = 0u; d < D4; d++) { // @unroll
        d_key[d] = fma(vec4f(ds), q[at + d], d_key[d]);
        d_value[d] = fma(vec4f(p), d_out[at + d], d_value[d]);
      }
    }
  }
  let part = key_parts[j];
  for (var p = 0u; p < part.y; p++) {
    let row = part.x + p * part.z;
    let at = (2u * row * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
    for (var d = 0u; d < D4; d++) { // @unroll
      parts[at + d] = select(vec4f(), d_key[d], p == 0u);
      parts[at + dims.keyValueHeads * D4 + d] = select(vec4f(), d_value[d], p == 0u);
    }
  }
}
