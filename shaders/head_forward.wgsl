// Carries (m, s, t, z) of each row on by FEATURES tokens: m = max x, s = sum exp(x - m), t = sum x exp(x - m),
// z = x of the target; x[n,v] = sum_k hidden[n,k] W[v,k] inverseTemperature, which is stored nowhere
//
// x (rows, inner) f32, inner a multiple of 4     w (vocabulary, inner) as FORMAT says, from row firstRow on     targets (rows) u32
// statistics (rows) of vec4f, started afresh at token 0
// Dispatch ceil(rows / WG), once for each FEATURES tokens from `first` + `column` on, in order. An invocation owns a row; weights
// of the tokens lie in workgroup memory, KC inner features at a time. Trips: 33 inner / 4 where loops are kept.
// Workgroup memory: 4 FEATURES KC bytes. Logits have the bits of linear_forward, sums those of head_statistics.
// Reference: src/reference/head.ts headForward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  vocabulary: u32,
  firstRow: u32,
  first: u32,
  column: u32,
  inverseTemperature: f32,
}

const NEG_LARGE = -3.4028234e38;
const FEATURES = 32u;
const KC = 64u;
const KC4 = KC / 4u;
const CHUNKS = 1u;
const SLICE = 1u;
const WG = 64u;
const FILLS = 8u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;

var<workgroup> tile: array<vec4f, FEATURES * KC4>;

// A function, so that a compiler reads these products once; drivers put it where it is called.
fn add_products(sum: ptr<function, array<f32, FEATURES>>, a: vec4f, k: u32) {
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    let b = tile[f * KC4 + k];
    (*sum)[f] += dot(a, b);
  }
}

@compute @workgroup_size(WG)
fn head_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = min(workgroup_id.x * WG + local, dims.rows - 1u);
  let inner4 = dims.inner / 4u;
  let begin = dims.first + dims.column;
  var logit: array<f32, FEATURES>;
  var sum: array<f32, FEATURES>;
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    logit[f] = 0.0;
    sum[f] = 0.0;
  }
  for (var c = 0u; c < CHUNKS; c++) { // @unroll
    workgroupBarrier();
    for (var p = 0u; p < FILLS; p++) { // @unroll
      let i = p * WG + local;
      let k = c * KC4 + i % KC4;
      let token = min(begin + i / KC4, dims.vocabulary - 1u);
      let value = load_weight((token - dims.firstRow) * inner4 + min(k, inner4 - 1u));
      if (FEATURES * KC4 % WG == 0u || i < FEATURES * KC4) {
        tile[i] = select(vec4f(), value, k < inner4);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < KC4; k++) { // @unroll
      add_products(&sum, x[n * inner4 + min(c * KC4 + k, inner4 - 1u)], k);
    }
    // Sums are cut into slices as those of linear_forward are.
    let is_end = (c + 1u) % SLICE == 0u;
    for (var f = 0u; f < FEATURES; f++) { // @unroll
      logit[f] += select(0.0, sum[f], is_end);
      sum[f] = select(sum[f], 0.0, is_end);
    }
  }

  let state = select(statistics[n], vec4f(NEG_LARGE, 0.0, 0.0, NEG_LARGE), begin == 0u);
  var m = state.x;
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    let is_token = begin + f < dims.vocabulary;
    logit[f] = select(NEG_LARGE, logit[f] * dims.inverseTemperature, is_token);
    m = max(m, logit[f]);
  }
  let keep = exp(state.x - m);
  let token = targets[n] - begin;
  var s = 0.0;
  var t = 0.0;
  var z = state.w;
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    let weight = exp(logit[f] - m);
    s += weight;
    t = fma(logit[f], weight, t);
    z = select(z, logit[f], token == f);
  }
  if (workgroup_id.x * WG + local < dims.rows) {
    statistics[n] = vec4f(m, state.y * keep + s, state.z * keep + t, z);
  }
}
