// Carries (m, s, t, z) of each row on by FEATURES tokens: m = max x, s = sum exp(x - m), t = sum x exp(x - m),
// z = x of the target; x = logit inverseTemperature, logit[n,v] = sum_k hidden[n,k] W[v,k], stored only where KEEP is 1
//
// x (rows, inner) f32, inner a multiple of 4     w (vocabulary, inner) in its format, from row firstRow on     targets (rows) u32
// statistics (rows) of vec4f, started afresh at token 0     logits (rows, stride) f32, stride a multiple of FEATURES, columns
// past the vocabulary repeat its last token; of any size where KEEP is 0
// Dispatch ceil(rows / WG), once for each FEATURES tokens from `first` + `column` on, in order. An invocation owns a row.
// Trips: 33 inner / 4 where loops are kept. Workgroup memory: see shaders/lib/row_products.wgsl.
// Logits have the bits of linear_forward, sums those of head_statistics.
// Reference: src/reference/head.ts headForward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  vocabulary: u32,
  firstRow: u32,
  stride: u32,
  first: u32,
  column: u32,
  inverseTemperature: f32,
}

const NEG_LARGE = -3.4028234e38;
const FEATURES = 32u;
const KC = 64u;
const CHUNKS = 1u;
const SLICE = 1u;
const WG = 64u;
const FILLS = 8u;
const KEEP = 0u;
const FEATURES4 = FEATURES / 4u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> logits: array<vec4f>;

@compute @workgroup_size(WG)
fn head_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = min(workgroup_id.x * WG + local, dims.rows - 1u);
  let begin = dims.first + dims.column;
  var logit: array<f32, FEATURES>;
  logits_of(&logit, n, begin, local);
  if (KEEP == 1u) {
    // Invocations past the last row do as the last one does.
    let at = (n * dims.stride + dims.column) / 4u;
    for (var f = 0u; f < FEATURES4; f++) { // @unroll
      let low = vec2f(logit[4u * f], logit[4u * f + 1u]);
      let high = vec2f(logit[4u * f + 2u], logit[4u * f + 3u]);
      logits[at + f] = vec4f(low, high);
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
