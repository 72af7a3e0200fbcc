// attention_query_backward by subgroups, on a CPU
//
// q, d_out, d_q (rows, heads D) f32     key_value (M, 2 keyValueHeads D) f32: [k | v]     D a multiple of 4
// statistics (rows, 2 heads) f32     queries, tiles: as in attention_subgroup_forward     d_q overwritten
// Dispatch (T, heads / GROUP SPLITS, 1): an invocation owns what it owns in attention_subgroup_forward.
// Trips: slots seen / BLOCK.
// Reference: src/reference/attention.ts attentionQueryBackward. Test: tests/shaders/attention_test.ts.
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

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> queries: array<vec4u>;
@group(0) @binding(6) var<storage, read> tiles: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> d_q: array<vec4f>;

// Adds BLOCK slots to the gradient of a query with this log sum and delta. It sees slot i if offset + i < seen, in
// unsigned numbers that wrap around. A function, so that a compiler reads it once.
fn add_slots(
  query: ptr<function, array<vec4f, WIDE>>,
  d_output: ptr<function, array<vec4f, WIDE>>,
  sum: ptr<function, array<vec4f, WIDE>>,
  log_delta: vec2f,
  keys: Parts,
  values: Parts,
  offset: u32,
  seen: u32,
  h: u32,
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
      let key = subgroupBroadcast(keys[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      let value = subgroupBroadcast(values[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      score4[i] = fma((*query)[h * D4 + d], key, score4[i]);
      dp4[i] = fma((*d_output)[h * D4 + d], value, dp4[i]);
    }
  }
  var ds: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let score = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let dp = dp4[i].x + dp4[i].y + dp4[i].z + dp4[i].w;
    let p = select(0.0, exp(score - log_delta.x), offset + i < seen);
    ds[i] = p * (dp - log_delta.y) * scale;
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let key = subgroupBroadcast(keys[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      (*sum)[h * D4 + d] = fma(vec4f(ds[i]), key, (*sum)[h * D4 + d]);
    }
  }
}

@compute @workgroup_size(LANES)
fn attention_subgroup_query_backward(
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
  var d_output: array<vec4f, WIDE>;
  var sum: array<vec4f, WIDE>;
  var log_delta: array<vec2f, HEADS>;
  var row: array<vec4u, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let n = tile.x + min(before + r * LANES + lane, tile.y - 1u);
    row[r] = queries[n];
    for (var g = 0u; g < GROUP; g++) { // @unroll
      let h = n * 2u * dims.heads + first_head + g;
      let at = (n * dims.heads + first_head + g) * D4;
      log_delta[r * GROUP + g] = vec2f(statistics[h], statistics[h + dims.heads]);
      for (var d = 0u; d < D4; d++) { // @unroll
        query[(r * GROUP + g) * D4 + d] = q[at + d] * scale;
        d_output[(r * GROUP + g) * D4 + d] = d_out[at + d];
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
          let h = r * GROUP + g;
          add_slots(&query, &d_output, &sum, log_delta[h], keys, values, offset, seen, h);
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let place = before + r * LANES + lane;
    if (place < tile.y) {
      for (var g = 0u; g < GROUP; g++) { // @unroll
        let at = ((tile.x + place) * dims.heads + first_head + g) * D4;
        for (var d = 0u; d < D4; d++) { // @unroll
          d_q[at + d] = sum[(r * GROUP + g) * D4 + d];
        }
      }
    }
  }
}
