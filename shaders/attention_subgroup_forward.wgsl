// attention_forward by subgroups, on a CPU: with the same bits, since every query does the same additions in the same order
//
// q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// queries (Q) of u32: as in attention_forward
// tiles (T) of u32 [row, count, firstRange, rangeCount]: consecutive rows with consecutive slots, and the longest
//   ranges that they see
// out (rows, heads D), softmax (rows, heads) of [m, s] f32, overwritten
// Dispatch (T, heads / GROUP SPLITS, 1). An invocation owns GROUP heads, which share keys and values, of ROWS rows; SPLITS
// workgroups divide the rows of a tile. shaders/lib/slots.wgsl reads keys and values. Trips: slots seen / BLOCK.
// Reference: src/reference/attention.ts attentionForward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
}

const D4 = 8u;
const GROUP = 1u;
const ROWS = 1u;
// HEADS = GROUP ROWS, WIDE = HEADS D4.
const HEADS = 1u;
const WIDE = 8u;
const SPLITS = 1u;
const LANES = 16u;
const PARTS = 2u;
const BLOCK = 4u;
const NEG_LARGE = -3.4028234e38;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> queries: array<vec4u>;
@group(0) @binding(4) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> softmax: array<vec2f>;

// Adds BLOCK slots to the sum of a query and to its carried [m, s]. The query sees slot i if offset + i < seen, in
// unsigned numbers that wrap around. A function, so that a compiler reads it once.
fn add_slots(
  query: ptr<function, array<vec4f, WIDE>>,
  sum: ptr<function, array<vec4f, WIDE>>,
  carried: ptr<function, array<vec2f, HEADS>>,
  keys: Parts,
  values: Parts,
  offset: u32,
  seen: u32,
  h: u32,
) {
  var m = (*carried)[h].x;
  var s = (*carried)[h].y;
  var score4: array<vec4f, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    score4[i] = vec4f();
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let a = subgroupBroadcast(keys[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      score4[i] = fma((*query)[h * D4 + d], a, score4[i]);
    }
  }
  var keep: array<f32, BLOCK>;
  var weight: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let dots = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let is_seen = offset + i < seen;
    let score = select(NEG_LARGE, dots, is_seen);
    // One of the two factors exp(m - m') and exp(score - m') is 1. A slot that is not seen changes
    // nothing if it holds finite numbers.
    let e = exp(-abs(score - m));
    keep[i] = select(e, 1.0, score <= m);
    weight[i] = select(0.0, select(1.0, e, score <= m), is_seen);
    m = max(m, score);
    s = s * keep[i] + weight[i];
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let a = subgroupBroadcast(values[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      (*sum)[h * D4 + d] = fma(a, vec4f(weight[i]), (*sum)[h * D4 + d] * keep[i]);
    }
  }
  (*carried)[h] = vec2f(m, s);
}

@compute @workgroup_size(LANES)
fn attention_subgroup_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = tiles[workgroup_id.x];
  let before = workgroup_id.y % SPLITS * ROWS * LANES;
  let first_head = workgroup_id.y / SPLITS * GROUP;
  // Rows past the last repeat the last one and store nothing.
  let count = min(tile.y, before + ROWS * LANES);
  let scale = 1.0 / sqrt(f32(dims.headDim));
  var query: array<vec4f, WIDE>;
  var sum: array<vec4f, WIDE>;
  var carried: array<vec2f, HEADS>;
  var row: array<vec4u, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let n = tile.x + min(before + r * LANES + lane, tile.y - 1u);
    row[r] = queries[n];
    for (var g = 0u; g < GROUP; g++) { // @unroll
      let at = (n * dims.heads + first_head + g) * D4;
      carried[r * GROUP + g] = vec2f(NEG_LARGE, 0.0);
      for (var d = 0u; d < D4; d++) { // @unroll
        query[(r * GROUP + g) * D4 + d] = q[at + d] * scale;
      }
    }
  }
  let cols4 = dims.keyValueHeads * D4;
  let column = first_head * dims.keyValueHeads / dims.heads * D4;
  for (var range = 0u; range <= tile.w && before < tile.y; range++) {
    let stretch = slots_of_tile(tile, count, range);
    var own: array<vec2u, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // @unroll
      own[r] = slots_of_row(row[r], tile, range);
    }
    for (var slot = stretch.x; slot < stretch.y; slot += BLOCK) {
      var keys: Parts;
      var values: Parts;
      read_slots(&keys, &values, slot, stretch.y, column, cols4, lane);
      for (var r = 0u; r < ROWS; r++) { // @unroll
        let offset = slot - own[r].x;
        let seen = own[r].y - own[r].x;
        for (var g = 0u; g < GROUP; g++) { // @unroll
          add_slots(&query, &sum, &carried, keys, values, offset, seen, r * GROUP + g);
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let place = before + r * LANES + lane;
    if (place < tile.y) {
      for (var g = 0u; g < GROUP; g++) { // @unroll
        let at = (tile.x + place) * dims.heads + first_head + g;
        for (var d = 0u; d < D4; d++) { // @unroll
          out[at * D4 + d] = sum[(r * GROUP + g) * D4 + d] / carried[r * GROUP + g].y;
        }
        softmax[at] = carried[r * GROUP + g];
      }
    }
  }
}
