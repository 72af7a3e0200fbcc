// attention_forward in tiles of some queries and of KEYS slots, ROUNDS slot tiles of each query tile at a time
//
// q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// queries (Q) of u32: as in attention_forward
// tiles (T) of u32 [row, count, firstRange, rangeCount]: consecutive rows with consecutive slots, and the ranges that one
//   of them sees; round r has work for the first tiles alone
// out (rows, heads D), softmax (rows, heads) of [m, s] f32: carried on from dispatch to dispatch; the last of a tile divides
// Dispatch (tiles of the round, keyValueHeads, 1), once for ROUNDS rounds, in order. An invocation owns one of the GROUP
// heads of a query that share keys and values; keys and values of the slots lie in workgroup memory. Every query does the
// same additions in the same order as in attention_forward. Trips: ranges of a query (times KEYS D where loops are kept).
// Workgroup memory: see shaders/lib/slots.wgsl.
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
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
const NEG_LARGE = -3.4028234e38;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> queries: array<vec4u>;
@group(0) @binding(4) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> softmax: array<vec2f>;

alias Head = array<vec4f, D4>;

// What BLOCK slots, of which those from seen.x on and before seen.y are seen, add to the sum of a query and to its
// carried [m, s]. A function, so that a compiler reads it once; drivers put it where it is called.
fn add_slots(
  query: ptr<function, Head>,
  sum: ptr<function, Head>,
  carried: ptr<function, vec2f>,
  seen: vec2u,
  b: u32,
) {
  var m = (*carried).x;
  var s = (*carried).y;
  var score4: array<vec4f, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    score4[i] = vec4f();
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let a = keys[(b * BLOCK + i) * D4 + d];
      score4[i] = fma((*query)[d], a, score4[i]);
    }
  }
  var keep: array<f32, BLOCK>;
  var weight: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let dots = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let is_seen = seen.x + b * BLOCK + i < seen.y;
    let score = select(NEG_LARGE, dots, is_seen);
    // One of the two factors exp(m - m') and exp(score - m') is 1. A slot that is not seen and holds
    // finite numbers leaves all as it was.
    let e = exp(-abs(score - m));
    keep[i] = select(e, 1.0, score <= m);
    weight[i] = select(0.0, select(1.0, e, score <= m), is_seen);
    m = max(m, score);
    s = s * keep[i] + weight[i];
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let a = values[(b * BLOCK + i) * D4 + d];
      (*sum)[d] = fma(a, vec4f(weight[i]), (*sum)[d] * keep[i]);
    }
  }
  *carried = vec2f(m, s);
}

@compute @workgroup_size(WG)
fn attention_tile_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tiles[workgroup_id.x];
  let n = tile.x + min(local / GROUP, tile.y - 1u);
  let h = workgroup_id.y * GROUP + local % GROUP;
  let at = (n * dims.heads + h) * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let is_first = dims.round == 0u;
  var query: Head;
  var sum: Head;
  for (var d = 0u; d < D4; d++) { // @unroll
    query[d] = q[at + d] * scale;
    sum[d] = select(out[at + d], vec4f(), is_first);
  }
  var carried = select(softmax[n * dims.heads + h], vec2f(NEG_LARGE, 0.0), is_first);
  // A round past the last one of a tile sees nothing.
  var is_last = false;
  for (var r = 0u; r < ROUNDS; r++) { // @unroll
    let slots = slot_tile(tile, dims.round + r);
    fill_slots(slots, workgroup_id.y, local);
    let seen = seen_slots(tile, slots, n);
    for (var b = 0u; b < BLOCKS; b++) { // @unroll
      add_slots(&query, &sum, &carried, seen, b);
    }
    is_last = slots.is_last;
  }
  if (local / GROUP < tile.y) {
    for (var d = 0u; d < D4; d++) { // @unroll
      out[at + d] = select(sum[d], sum[d] / carried.y, is_last);
    }
    softmax[n * dims.heads + h] = carried;
  }
}
