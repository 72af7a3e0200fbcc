// attention_key_backward by subgroups, on a CPU
//
// q, d_out (rows, heads D) f32     key_value = [k | v] (rows, 2 keyValueHeads D) f32
// parts = [dk | dv] (2 rows, 2 keyValueHeads D) f32, overwritten: gradients of a tile's keys from its stretches
// statistics (rows, 2 heads) f32     keys (K) of u32: as in attention_key_backward     D a multiple of 4
// key_parts (rows) of u32: as in attention_key_backward, [first, parts, keys of the tile, ..]
// key_tiles (L) of u32 [key, part, firstStretch, stretchCount]: consecutive keys of one segment and stretches of queries,
//   which are rows [queryStart, queryEnd, visibleEnd, isOwn] of keys
// Dispatch (L, keyValueHeads SPLITS, 1). An invocation owns KEYS keys; SPLITS workgroups divide the keys of a tile. The
// invocations of a subgroup divide the reads of q and d_out of BLOCK queries, PARTS texels each, and exchange them: see
// shaders/lib/subgroup_products.wgsl. Trips: queries seeing a key x heads / keyValueHeads / BLOCK.
// Reference: src/reference/attention.ts attentionKeyBackward. Test: tests/shaders/attention_test.ts.
struct Dims {
  heads: u32,
  keyValueHeads: u32,
  headDim: u32,
}

const D4 = 8u;
const KEYS = 1u;
// WIDE = KEYS D4
const WIDE = 8u;
const SPLITS = 2u;
const LANES = 16u;
const PARTS = 2u;
const BLOCK = 4u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_value: array<vec4f>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>;
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>;
@group(0) @binding(5) var<storage, read> keys: array<vec4u>;
@group(0) @binding(6) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(7) var<storage, read> key_tiles: array<vec4u>;
@group(0) @binding(8) var<storage, read_write> parts: array<vec4f>;

alias Parts = array<vec4f, PARTS>;

// Adds BLOCK queries from n on to the gradients of a key. Queries in [seeing.x, seeing.y) see it. Lane i of
// `log_delta` holds log sum and delta of query i. A function, so that a compiler reads it once.
fn add_queries(
  key: ptr<function, array<vec4f, WIDE>>,
  value: ptr<function, array<vec4f, WIDE>>,
  d_key: ptr<function, array<vec4f, WIDE>>,
  d_value: ptr<function, array<vec4f, WIDE>>,
  queries: Parts,
  d_outputs: Parts,
  log_delta: vec2f,
  n: u32,
  seeing: vec2u,
  k: u32,
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
      let x = subgroupBroadcast(queries[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      let g = subgroupBroadcast(d_outputs[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      score4[i] = fma(x, (*key)[k * D4 + d], score4[i]);
      dp4[i] = fma(g, (*value)[k * D4 + d], dp4[i]);
    }
  }
  var p: array<f32, BLOCK>;
  var ds: array<f32, BLOCK>;
  for (var i = 0u; i < BLOCK; i++) { // @unroll
    let own = subgroupBroadcast(log_delta, i);
    let score = score4[i].x + score4[i].y + score4[i].z + score4[i].w;
    let dp = dp4[i].x + dp4[i].y + dp4[i].z + dp4[i].w;
    let is_seeing = n + i >= seeing.x && n + i < seeing.y;
    p[i] = select(0.0, exp(score - own.x), is_seeing);
    ds[i] = p[i] * (dp - own.y) * scale;
  }
  for (var d = 0u; d < D4; d++) { // @unroll
    for (var i = 0u; i < BLOCK; i++) { // @unroll
      let x = subgroupBroadcast(queries[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      let g = subgroupBroadcast(d_outputs[(i * D4 + d) / LANES], (i * D4 + d) % LANES);
      (*d_key)[k * D4 + d] = fma(vec4f(ds[i]), x, (*d_key)[k * D4 + d]);
      (*d_value)[k * D4 + d] = fma(vec4f(p[i]), g, (*d_value)[k * D4 + d]);
    }
  }
}

@compute @workgroup_size(LANES)
fn attention_subgroup_key_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = key_tiles[workgroup_id.x];
  let count = key_parts[tile.x].z;
  let part = key_parts[tile.x].x + tile.y * count;
  let before = workgroup_id.y % SPLITS * KEYS * LANES;
  let head = workgroup_id.y / SPLITS;
  let group = dims.heads / dims.keyValueHeads;
  let cols4 = dims.keyValueHeads * D4;
  let scale = 1.0 / sqrt(f32(dims.headDim));
  var key: array<vec4f, WIDE>;
  var value: array<vec4f, WIDE>;
  var d_key: array<vec4f, WIDE>;
  var d_value: array<vec4f, WIDE>;
  for (var k = 0u; k < KEYS; k++) { // @unroll
    // Keys past the last repeat the last one and store nothing.
    let j = tile.x + min(before + k * LANES + lane, count - 1u);
    for (var d = 0u; d < D4; d++) { // @unroll
      key[k * D4 + d] = key_value[2u * j * cols4 + head * D4 + d] * scale;
      value[k * D4 + d] = key_value[(2u * j + 1u) * cols4 + head * D4 + d];
    }
  }
  for (var s = 0u; s < tile.w && before < count; s++) {
    let stretch = keys[tile.z + s];
    let is_own = stretch.w == 1u;
    // Queries of the keys' own segment see none of them before the workgroup's first key.
    let start = select(stretch.x, max(stretch.x, tile.x + before), is_own);
    for (var h = head * group; h < (head + 1u) * group; h++) {
      for (var n = start; n < stretch.y; n += BLOCK) {
        var queries: Parts;
        var d_outputs: Parts;
        for (var p = 0u; p < PARTS; p++) { // @unroll
          let i = p * LANES + lane;
          let at = (min(n + i / D4, stretch.y - 1u) * dims.heads + h) * D4 + i % D4;
          queries[p] = q[at];
          d_outputs[p] = d_out[at];
        }
        let row = min(n + lane % BLOCK, stretch.y - 1u) * 2u * dims.heads + h;
        let log_delta = vec2f(statistics[row], statistics[row + dims.heads]);
        for (var k = 0u; k < KEYS; k++) { // @unroll
          let j = tile.x + before + k * LANES + lane;
          let seeing = vec2u(select(0u, j, is_own), select(0u, stretch.y, j < stretch.z));
          add_queries(&key, &value, &d_key, &d_value, queries, d_outputs, log_delta, n, seeing, k);
        }
      }
    }
  }
  for (var k = 0u; k < KEYS; k++) { // @unroll
    let place = before + k * LANES + lane;
    if (place < count) {
      let at = 2u * (part + place) * cols4 + head * D4;
      for (var d = 0u; d < D4; d++) { // @unroll
        parts[at + d] = d_key[k * D4 + d];
        parts[at + cols4 + d] = d_value[k * D4 + d];
      }
    }
  }
}
