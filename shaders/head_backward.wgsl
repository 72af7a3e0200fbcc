// d_logits[n,column+f] := dz inverseTemperature,  dz = d_log_prob (1[v = y] - p) - d_entropy p (log p + H),
// v = first + column + f; logits are computed again as in head_forward
//
// x (rows, inner) f32, inner a multiple of 4     w (vocabulary, inner) in its format, from row firstRow on     targets (rows) u32
// result (rows) of vec4f [log-prob, entropy H, log sum, ..]     d_head (rows) of vec2f [d_log_prob, d_entropy]
// d_logits (rows, stride) f32, stride a multiple of FEATURES; overwritten, tokens past the last become 0
// Dispatch (stride / FEATURES, ceil(rows / (ROWS WG)), 1): workgroups that read and write the same rows follow each other;
// otherwise as head_forward.
// Reference: src/reference/head.ts headBackward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  vocabulary: u32,
  firstRow: u32,
  stride: u32,
  first: u32,
  inverseTemperature: f32,
}

const FEATURES = 32u;
const FEATURES4 = FEATURES / 4u;
const ROWS = 1u;
// SUMS = ROWS FEATURES
const SUMS = 32u;
const WG = 64u;
// Whether d_logits is read before it is written.
const TOUCH = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read> result: array<vec4f>;
@group(0) @binding(5) var<storage, read> d_head: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> d_logits: array<vec4f>;

@compute @workgroup_size(WG)
fn head_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first_row = workgroup_id.y * ROWS * WG + local;
  let column = workgroup_id.x * FEATURES;
  let begin = dims.first + column;
  var logit: array<f32, SUMS>;
  // A CPU fetches cache lines one by one if they are only written. Reads before the products fetch them together.
  var touched = 0.0;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    let at = (min(first_row + r * WG, dims.rows - 1u) * dims.stride + column) / 4u;
    for (var f = 0u; f < FEATURES4; f++) { // @unroll
      if (TOUCH == 1u && f % 4u == 0u) {
        touched += d_logits[at + f].x;
      }
    }
  }
  logits_of(&logit, first_row, begin, local);
  let tokens = dims.vocabulary - min(begin, dims.vocabulary);
  for (var r = 0u; r < ROWS; r++) { // @unroll
    // Rows past the last repeat the last one.
    let n = min(first_row + r * WG, dims.rows - 1u);
    let row = result[n];
    let d = d_head[n];
    let token = targets[n] - begin;
    for (var f = 0u; f < FEATURES; f++) { // @unroll
      let log_prob = logit[r * FEATURES + f] * dims.inverseTemperature - row.z;
      let p = exp(log_prob);
      let hit = select(0.0, 1.0, token == f);
      let dz = d.x * (hit - p) - d.y * p * (log_prob + row.y);
      logit[r * FEATURES + f] = select(0.0, dz * dims.inverseTemperature, f < tokens);
    }
    let at = (n * dims.stride + column) / 4u;
    for (var f = 0u; f < FEATURES4; f++) { // @unroll
      let low = vec2f(logit[r * FEATURES + 4u * f], logit[r * FEATURES + 4u * f + 1u]);
      let high = vec2f(logit[r * FEATURES + 4u * f + 2u], logit[r * FEATURES + 4u * f + 3u]);
      // A run always has rows, but the compiler cannot know that and keeps the reads of `touched`.
      d_logits[at + f] = select(vec4f(low, high), vec4f(touched), dims.rows == 0u);
    }
  }
}
