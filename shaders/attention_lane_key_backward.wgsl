// attention_key_backward for GPUs: a workgroup owns a head of a key, and its lanes share the queries that see it
//
// q, key_value, statistics, d_out, keys, key_parts, parts: as in attention_key_backward
// Dispatch rows keyValueHeads workgroups of LANES, from number `first` on. A lane sums every LANES-th query and head of each
// view; then the sums of the lanes are added in their order. Trips: queries seeing it x heads / keyValueHeads / LANES.
// Workgroup memory: 32 LANES bytes.
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

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> parts: array<vec4f>;

// What each lane adds to four numbers of dk, then to four of dv.
var<workgroup> sums: array<vec4f, 2u * LANES>;

@compute @workgroup_size(LANES)
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
    for (var item = view.x * group + local; item < end * group; item += LANES) {
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
  for (var d = 0u; d < D4; d++) { // @unroll
    workgroupBarrier();
    sums[local] = d_key[d];
    sums[LANES + local] = d_value[d];
    workgroupBarrier();
    if (live && local < 2u) {
      var all = vec4f();
      for (var lane = 0u; lane < LANES; lane++) {
        all += sums[local * LANES + lane];
      }
      for (var p = 0u; p < part.y; p++) {
        let row = part.x + p * part.z;
        let at = (2u * row * dims.keyValueHeads + i % dims.keyValueHeads) * D4;
        parts[at + local * dims.keyValueHeads * D4 + d] = select(vec4f(), all, p == 0u);
      }
    }
  }
}
