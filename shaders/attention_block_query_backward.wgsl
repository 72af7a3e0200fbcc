// attention_query_backward for GPUs: a workgroup owns the heads of a query that share keys, and takes BLOCK slots at a time
//
// q, key_value, statistics, d_out, queries, d_q: as in attention_query_backward
// Dispatch rows keyValueHeads workgroups of WG, those from number `first` to `end`. The values of a block pass through workgroup memory,
// then its keys. An invocation multiplies a head and a slot, then carries sums of a head and four features, OWNED of them.
// Trips: slots seen. Workgroup memory: 16 D4 (2 GROUP + BLOCK) + 4 GROUP BLOCK bytes.
// Reference: src/reference/attention.ts attentionQueryBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  first: u32,
  end: u32,
}

const D4 = 8u;
const GROUP = 1u;
const BLOCK = 32u;
const WG = 128u;
// OWNED = ceil(GROUP D4 / WG)
const OWNED = 1u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> queries: array<vec4u>;
@group(0) @binding(6) var<storage, read_write> d_q: array<vec4f>;

var<workgroup> query: array<vec4f, GROUP * D4>;
var<workgroup> d_output: array<vec4f, GROUP * D4>;
// Values, then keys: group d of slot j at d BLOCK + j, so that neighbours read neighbouring slots.
var<workgroup> held: array<vec4f, D4 * BLOCK>;
// The gradient of a weight minus delta, then the gradient of its score, of slot j for head h at h BLOCK + j.
var<workgroup> gradient: array<f32, GROUP * BLOCK>;

// Takes `count` slots from `first` on: keys (0) or values (1) of a head.
fn hold(kind: u32, head: u32, first: u32, count: u32, local: u32) {
  for (var j = local; j < D4 * BLOCK; j += WG) {
    let slot = first + min(j / D4, count - 1u);
    held[j % D4 * BLOCK + j / D4] = key_value[((2u * slot + kind) * dims.keyValueHeads + head) * D4 + j % D4];
  }
}

@compute @workgroup_size(WG)
fn attention_block_query_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = dims.first + workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid have no item.
  if (i >= dims.end) {
    return;
  }
  let n = i / dims.keyValueHeads;
  let g = i % dims.keyValueHeads;
  let scale = 1.0 / sqrt(f32(4u * D4));
  // Log sums and products of the heads of this query.
  let log_sums = n * 2u * dims.heads + g * GROUP;
  for (var j = local; j < GROUP * D4; j += WG) {
    query[j] = q[i * GROUP * D4 + j] * scale;
    d_output[j] = d_out[i * GROUP * D4 + j];
  }
  var sum = array<vec4f, OWNED>();
  let row = queries[n];
  for (var r = 0u; r <= row.y; r++) {
    var stretch = vec2u(row.z, row.w + 1u);
    if (r < row.y) {
      stretch = queries[row.x + r].xy;
    }
    for (var first = stretch.x; first < stretch.y; first += BLOCK) {
      let count = min(BLOCK, stretch.y - first);
      workgroupBarrier();
      hold(1u, g, first, count, local);
      workgroupBarrier();
      for (var j = local; j < GROUP * BLOCK; j += WG) {
        var dp4 = vec4f();
        for (var d = 0u; d < D4; d++) {
          dp4 = fma(d_output[j / BLOCK * D4 + d], held[d * BLOCK + j % BLOCK], dp4);
        }
        gradient[j] = dp4.x + dp4.y + dp4.z + dp4.w - statistics[log_sums + dims.heads + j / BLOCK];
      }
      workgroupBarrier();
      hold(0u, g, first, count, local);
      workgroupBarrier();
      for (var j = local; j < GROUP * BLOCK; j += WG) {
        var score4 = vec4f();
        for (var d = 0u; d < D4; d++) {
          score4 = fma(query[j / BLOCK * D4 + d], held[d * BLOCK + j % BLOCK], score4);
        }
        let p = exp(score4.x + score4.y + score4.z + score4.w - statistics[log_sums + j / BLOCK]);
        gradient[j] = p * gradient[j] * scale;
      }
      workgroupBarrier();
      for (var o = 0u; o < OWNED; o++) { // @unroll
        let item = min(o * WG + local, GROUP * D4 - 1u);
        for (var j = 0u; j < count; j++) {
          let ds = gradient[item / D4 * BLOCK + j];
          sum[o] = fma(vec4f(ds), held[item % D4 * BLOCK + j], sum[o]);
        }
      }
    }
  }
  for (var o = 0u; o < OWNED; o++) { // @unroll
    let item = o * WG + local;
    if (item < GROUP * D4) {
      d_q[i * GROUP * D4 + item] = sum[o];
    }
  }
}
