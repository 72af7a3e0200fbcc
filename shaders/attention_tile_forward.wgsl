// attention_forward in tiles of at most ROWS queries and KEYS slots, one slot tile of each query tile at a time
//
// q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// queries (Q) of u32: as in attention_forward
// tiles (T) of u32 [row, count, firstRange, rangeCount]: consecutive rows with consecutive slots, and the ranges that one
//   of them sees; round r has work for the first tiles alone
// out (rows, heads D), softmax (rows, heads) of [m, s] f32: carried on from round to round; the last of a tile divides
// Dispatch (tiles of the round, keyValueHeads, 1), once a round, in order. An invocation owns one of the GROUP heads of
// a query that share keys and values; keys and values of the slots lie in workgroup memory. Every query does the same
// additions in the same order as in attention_forward. Trips: ranges of a query (times KEYS D where loops are kept).
// Workgroup memory: 8 KEYS D bytes.
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

var<workgroup> keys: array<vec4f, KEYS * D4>;
var<workgroup> values: array<vec4f, KEYS * D4>;

@compute @workgroup_size(WG)
fn attention_tile_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = tiles[workgroup_id.x];
  // The stretch of slots that this round's tile lies in: a range, or (range = rangeCount) the queries' own slots.
  let last = queries[tile.x + tile.y - 1u].w;
  var stretch = vec2u(queries[tile.x].z, last + 1u);
  var skipped = dims.round * KEYS;
  var range = tile.w;
  for (var r = 0u; r < tile.w; r++) {
    let slots = queries[tile.z + r].xy;
    let padded = (slots.y - slots.x + KEYS - 1u) / KEYS * KEYS;
    if (range == tile.w && skipped < padded) {
      stretch = slots;
      range = r;
    }
    skipped -= select(0u, padded, range == tile.w);
  }
  let first_slot = stretch.x + skipped;
  let is_last = range == tile.w && first_slot + KEYS > last;

  let cols4 = dims.keyValueHeads * D4;
  for (var p = 0u; p < FILLS; p++) { // @unroll
    let i = p * WG + local;
    let at = min(first_slot + i / D4, stretch.y - 1u) * 2u * cols4 + workgroup_id.y * D4 + i % D4;
    if (KEYS * D4 % WG == 0u || i < KEYS * D4) {
      keys[i] = key_value[at];
      values[i] = key_value[at + cols4];
    }
  }
  workgroupBarrier();

  let n = tile.x + min(local / GROUP, tile.y - 1u);
  let h = workgroup_id.y * GROUP + local % GROUP;
  let at = (n * dims.heads + h) * D4;
  // Slot first_slot + i is seen if offset + i < seen, in numbers that wrap around.
  let row = queries[n];
  var slots = vec2u(row.z, row.w + 1u);
  if (range < tile.w) {
    slots = queries[row.x + range].xy;
  }
  let offset = first_slot - slots.x;
  let seen = slots.y - slots.x;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let is_first = dims.round == 0u;
  var query: array<vec4f, D4>;
  var sum: array<vec4f, D4>;
  for (var d = 0u; d < D4; d++) { // @unroll
    query[d] = q[at + d] * scale;
    sum[d] = select(out[at + d], vec4f(), is_first);
  }
  let carried = select(softmax[n * dims.heads + h], vec2f(NEG_LARGE, 0.0), is_first);
  var m = carried.x;
  var s = carried.y;
  for (var b = 0u; b < BLOCKS; b++) { // @unroll
    var score4: array<vec4f, BLOCK>;
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      score4[i] = vec4f();
    }
    for (var d = 0u; d < D4; d++) { // @unroll
      for (var i = 0u; i < BLOCK; i++) { // @unroll
        let a = keys[(b * BLOCK + i) * D4 + d];
        score4[i] = fma(query[d], a, score4[i]);
      }
    }
    var keep: array<f32, BLOCK>;
    var weight: array<f32, BLOCK>;
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let dots = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
      let is_seen = offset + b * BLOCK + i < seen;
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
        sum[d] = fma(a, vec4f(weight[i]), sum[d] * keep[i]);
      }
    }
  }
  if (local / GROUP < tile.y) {
    for (var d = 0u; d < D4; d++) { // @unroll
      out[at + d] = select(sum[d], sum[d] / s, is_last);
    }
    softmax[n * dims.heads + h] = vec2f(m, s);
  }
}
