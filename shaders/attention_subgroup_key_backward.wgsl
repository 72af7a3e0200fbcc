// attention_key_backward in tiles of at most KEYS keys and QUERIES queries, one query tile of each key tile at a time
//
// q, d_out (rows, heads D) f32     key_value = [k | v] (rows, 2 keyValueHeads D) f32
// parts = [dk | dv] (2 rows, 2 keyValueHeads D) f32: what the stretches of a tile add to its keys
// statistics (rows, 2 heads) f32     keys (K) of u32: as in attention_key_backward     D a multiple of 4
// key_parts (rows) of u32: as in attention_key_backward, [first, parts, keys of the tile, ..]
// key_tiles (L) of u32 [key, part, firstStretch, stretchCount]: consecutive keys of one segment and stretches of queries,
//   rows [queryStart, queryEnd, visibleEnd, isOwn] of keys. Round r has work for the first tiles alone: one head of those
//   that share a key, and TILE queries of one stretch
// parts are carried on from round to round
// Dispatch (tiles of the round, keyValueHeads, 1), once a round, in order. An invocation owns a key; queries and their
// gradients lie in workgroup memory. Trips: views of a key (times QUERIES D where loops are kept).
// Workgroup memory: QUERIES (8 D + 8) bytes.
// Reference: src/reference/attention.ts attentionKeyBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
  round: u32,
}

const D4 = 8u;
const GROUP = 1u;
const QUERIES = 32u;
const BLOCK = 4u;
const BLOCKS = QUERIES / 4u;
const WG = 32u;
const FILLS = 8u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read> key_tiles: array<vec4u>;
@group(0) @binding(8) var<storage, read_write> parts: array<vec4f>;

var<workgroup> query: array<vec4f, QUERIES * D4>;
var<workgroup> d_output: array<vec4f, QUERIES * D4>;
// Log sum and delta of each query.
var<workgroup> log_delta: array<vec2f, QUERIES>;

alias Head = array<vec4f, D4>;

// What BLOCK queries add to the gradients of a key that those from seeing.x on and before seeing.y see. A function, so
// that a compiler reads it once; drivers put it where it is called.
fn add_queries(
  key: ptr<function, Head>,
  value: ptr<function, Head>,
  d_key: ptr<function, Head>,
  d_value: ptr<function, Head>,
  seeing: vec2u,
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
      let x = query[(b * BLOCK + i) * D4 + d];
      let g = d_output[(b * BLOCK + i) * D4 + d];
      score4[i] = fma(x, (*key)[d], score4[i]);
      dp4[i] = fma(g, (*value)[d], dp4[i]);
    }
  }
  var p: array<f32, BLOCK>;
  var ds: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let own = log_delta[b * BLOCK + i];
    let score = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let dp = dp4[i].x + dp4[i].y + dp4[i].z + dp4[i].w;
    let is_seeing = b * BLOCK + i >= seeing.x && b * BLOCK + i < seeing.y;
    p[i] = select(0.0, exp(score - own.x), is_seeing);
    ds[i] = p[i] * (dp - own.y) * scale;
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let x = query[(b * BLOCK + i) * D4 + d];
      let g = d_output[(b * BLOCK + i) * D4 + d];
      (*d_key)[d] = fma(vec4f(ds[i]), x, (*d_key)[d]);
      (*d_value)[d] = fma(vec4f(p[i]), g, (*d_value)[d]);
    }
  }
}

@compute @workgroup_size(WG)
fn attention_tile_key_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = key_tiles[workgroup_id.x];
  let count = key_parts[tile.x].z;
  let part = key_parts[tile.x].x + tile.y * count;
  let h = workgroup_id.y * GROUP + dims.round % GROUP;
  // The stretch of queries that this round's tile lies in.
  var view = keys[tile.z];
  var skipped = dims.round / GROUP * QUERIES;
  for (var r = 1u; r < tile.w; r++) {
    let padded = (view.y - view.x + QUERIES - 1u) / QUERIES * QUERIES;
    if (skipped >= padded) {
      skipped -= padded;
      view = keys[tile.z + r];
    }
  }
  let first_query = view.x + skipped;

  let cols4 = dims.keyValueHeads * D4;
  for (var p = 0u; p < FILLS; p++) { // @unroll
    let i = p * WG + local;
    let at = (min(first_query + i / D4, view.y - 1u) * dims.heads + h) * D4 + i % D4;
    if (QUERIES * D4 % WG == 0u || i < QUERIES * D4) {
      query[i] = q[at];
      d_output[i] = d_out[at];
    }
  }
  let n = min(first_query + local % QUERIES, view.y - 1u) * 2u * dims.heads + h;
  log_delta[local % QUERIES] = vec2f(statistics[n], statistics[n + dims.heads]);
  workgroupBarrier();

  let j = tile.x + min(local, count - 1u);
  let at = (2u * j * dims.keyValueHeads + workgroup_id.y) * D4;
  let out = (2u * (part + j - tile.x) * dims.keyValueHeads + workgroup_id.y) * D4;
  // Queries from first_query + low on, and before first_query + high, see the key.
  let low = select(0u, j - min(first_query, j), view.w == 1u);
  let high = select(0u, view.y - first_query, j < view.z);
  let scale = 1.0 / sqrt(f32(dims.headDim));
  let is_first = dims.round == 0u;
  var key: Head;
  var value: Head;
  var d_key: Head;
  var d_value: Head;
  for (var d = 0u; d < D4; d++) { // @unroll
    key[d] = key_value[at + d] * scale;
    value[d] = key_value[at + cols4 + d];
    d_key[d] = select(parts[out + d], vec4f(), is_first);
    d_value[d] = select(parts[out + cols4 + d], vec4f(), is_first);
  }
  for (var b = 0u; b < BLOCKS; b++) { // @unroll
    add_queries(&key, &value, &d_key, &d_value, vec2u(low, high), b);
  }
  if (local < count) {
    for (var d = 0u; d < D4; d++) { // @unroll
      parts[out + d] = d_key[d];
      parts[out + cols4 + d] = d_value[d];
    }
  }
}
