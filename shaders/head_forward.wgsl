// Updates (m, s, t, z) of each row with FEATURES tokens: m = max x, s = sum exp(x - m), t = sum x exp(x - m),
// z = x of the target; x = logit inverseTemperature, logit[n,v] = sum_k hidden[n,k] W[v,k], stored only where KEEP is 1
//
// x (rows, inner) f32, inner a multiple of 4     w (vocabulary, inner) in its format, from row firstRow on     targets (rows) u32
// statistics (rows) of vec4f, started afresh at token 0     logits (rows, stride) f32, stride a multiple of FEATURES, columns
// past the vocabulary repeat its last token; of any size where KEEP is 0
// Dispatch ceil(rows / (ROWS WG)), once for each FEATURES tokens from `first` + `column` on, in order. An invocation owns
// ROWS rows. Logits have the bits of linear_forward and come from shaders/lib/row_logits.wgsl or subgroup_logits.wgsl,
// which state what a workgroup needs; sums have the bits of head_statistics. Trips: 33 inner / 4 where loops are kept.
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
const FEATURES4 = FEATURES / 4u;
// STRIP tokens have their sums scaled once; FEATURES tokens are STRIPS strips.
const STRIP = 32u;
const STRIPS = FEATURES / 32u;
const ROWS = 1u;
// SUMS = ROWS FEATURES
const SUMS = 32u;
const WG = 64u;
const KEEP = 0u;

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
  let first_row = workgroup_id.x * ROWS * WG + local;
  let begin = dims.first + dims.column;
  var logit: array<f32, SUMS>;
  logits_of(&logit, first_row, begin, local);
  for (var r = 0u; r < ROWS; r++) { // @unroll
    // Rows past the last repeat the last one.
    let n = min(first_row + r * WG, dims.rows - 1u);
    if (KEEP == 1u) {
      let at = (n * dims.stride + dims.column) / 4u;
      for (var f = 0u; f < FEATURES4; f++) { // @unroll
        let low = vec2f(logit[r * FEATURES + 4u * f], logit[r * FEATURES + 4u * f + 1u]);
        let high = vec2f(logit[r * FEATURES + 4u * f + 2u], logit[r * FEATURES + 4u * f + 3u]);
        logits[at + f] = vec4f(low, high);
      }
    }
    let token = targets[n] - begin;
    var state = select(statistics[n], vec4f(NEG_LARGE, 0.0, 0.0, NEG_LARGE), begin == 0u);
    for (var strip = 0u; strip < STRIPS; strip++) { // @unroll
      var m = state.x;
      for (var f = 0u; f < STRIP; f++) { // @unroll
        let i = r * FEATURES + strip * STRIP + f;
        let is_token = begin + strip * STRIP + f < dims.vocabulary;
        logit[i] = select(NEG_LARGE, logit[i] * dims.inverseTemperature, is_token);
        m = max(m, logit[i]);
      }
      let keep = exp(state.x - m);
      var s = 0.0;
      var t = 0.0;
      for (var f = 0u; f < STRIP; f++) { // @unroll
        let i = r * FEATURES + strip * STRIP + f;
        let weight = exp(logit[i] - m);
        s += weight;
        t = fma(logit[i], weight, t);
        state.w = select(state.w, logit[i], token == strip * STRIP + f);
      }
      state = vec4f(m, state.y * keep + s, state.z * keep + t, state.w);
    }
    if (first_row + r * WG < dims.rows) {
      statistics[n] = state;
    }
  }
}
