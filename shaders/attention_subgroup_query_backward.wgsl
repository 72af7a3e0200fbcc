// attention_query_backward in tiles of queries and slots, ROUNDS slot tiles of each query tile at a time
//
// q, d_out, d_q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// statistics (rows, 2 heads) f32     queries, tiles: as in attention_subgroup_forward
// d_q carried on from dispatch to dispatch
// Dispatch (tiles of the round, keyValueHeads, 1), once for ROUNDS rounds, in order. An invocation owns one of the GROUP
// heads of a query that share keys and values; keys and values of the slots lie in workgroup memory.
// Trips: ranges of a query (times KEYS D where loops are kept). Workgroup memory: see shaders/lib/slots.wgsl.
// Reference: src/reference/attention.ts attentionQueryBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  round: u32,
}

const D4 = 8u;
const GROUP = 1u;
const KEYS = 32u;
const BLOCK = 4u;
const BLOCKS = KEYS / 4u;
const ROUNDS = 1u;
const WG = 32u;
const FILLS = 8u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> queries: array<vec4u>;
@group(0) @binding(6) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> d_q: array<vec4f>;

alias Head = array<vec4f, D4>;

// What BLOCK slots, of which those from seen.x on and before seen.y are seen, add to the gradient of a query with this
// log sum and delta. A function, so that a compiler reads it once; drivers put it where it is called.
fn add_slots(
  query: ptr<function, Head>,
  d_output: ptr<function, Head>,
  sum: ptr<function, Head>,
  log_delta: vec2f,
  seen: vec2u,
  b: u32,
) {
  let scale = 1.0 / sqrt(f32(dims.headDim));
  var score4: array<vec4f, BLOCK>;
  var dp4: array<vec4f, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    score4[i] = vec4f();
    dp4[i] = vec4f();
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let key = keys[(b * BLOCK + i) * D4 + d];
      let value = values[(b * BLOCK + i) * D4 + d];
      score4[i] = fma((*query)[d], key, score4[i]);
      dp4[i] = fma((*d_output)[d], value, dp4[i]);
    }
  }
  var ds: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let score = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let dp = dp4[i].x + dp4[i].y + dp4[i].z + dp4[i].w;
    let p = select(0.0, exp(score - log_delta.x), seen.x + b * BLOCK + i < seen.y);
    ds[i] = p * (dp - log_delta.y) * scale;
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let key = keys[(b * BLOCK + i) * D4 + d];
      (*sum)[d] = fma(vec4f(ds[i]), key, (*sum)[d]);
    }
  }
}

@compute @workgroup_size(WG)
fn attention_tile_query_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tiles[workgroup_id.x];
  let n = tile.x + min(local / GROUP, tile.y - 1u);
  let h = workgroup_id.y * GROUP + local % GROUP;
  let at = (n * dims.heads + h) * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let is_first = dims.round == 0u;
  let log_sum = statistics[n * 2u * dims.heads + h];
  let delta = statistics[(n * 2u + 1u) * dims.heads + h];
  var query: Head;
  var d_output: Head;
  var sum: Head;
  for (var d = 0u; d < D4; d++) { // @unroll
    query[d] = q[at + d] * scale;
    d_output[d] = d_out[at + d];
    sum[d] = select(d_q[at + d], vec4f(), is_first);
  }
  // A round past the last one of a tile sees nothing.
  for (var r = 0u; r < ROUNDS; r++) { // @unroll
    let slots = slot_tile(tile, dims.round + r);
    fill_slots(slots, workgroup_id.y, local);
    let seen = seen_slots(tile, slots, n);
    for (var b = 0u; b < BLOCKS; b++) { // @unroll
      add_slots(&query, &d_output, &sum, vec2f(log_sum, delta), seen, b);
    }
  }
  if (local / GROUP < tile.y) {
    for (var d = 0u; d < D4; d++) { // @unroll
      d_q[at + d] = sum[d];
    }
  }
}
