// head_forward in tiles of registers, for GPUs: the state (m, s, t, z) of each stretch of the vocabulary
//
// x, w, targets, logits, KEEP: as in head_forward
// partials (rows, stretches) of vec4f (m, s, t, z), overwritten; head_join joins them
// Dispatch (stretches, ceil(rows / 64), 1). A workgroup owns 64 rows x a stretch of `tiles` times 64 tokens. It computes the
// logits of 64 tokens at a time as linear_tile_forward does, with its bits, and stores them nowhere: an invocation owns
// ROWS rows and every LANES-th token and carries a state for each row. At the end the states of a row's lanes are joined in
// order. Trips: tiles inner / 4. Workgroup memory: 8 KiB.
// Reference: src/reference/head.ts headForward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  firstRow: u32,
  stride: u32,
  first: u32,
  tokens: u32,
  tiles: u32,
  stretches: u32,
  inverseTemperature: f32,
}

const SIDE = 64u;
const KC4 = 4u;
const ROWS = 8u;
const FEATURES = 4u;
const OUTPUTS = 32u;
const LANES = 16u;
const WG = 128u;
const FILLS = 2u;
// Groups of four inner features in a slice of a sum.
const SLICE4 = 16u;
const KEEP = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> targets: array<u32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>;

var<workgroup> left: array<vec4f, SIDE * KC4>;
var<workgroup> right: array<vec4f, SIDE * KC4>;

@compute @workgroup_size(WG)
fn head_tile_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * SIDE;
  let last_row = dims.rows - 1u;
  let last_token = dims.tokens - 1u;
  let inner4 = dims.inner / 4u;
  let n = local / LANES * ROWS;
  let f = local % LANES;
  var state: array<vec4f, ROWS>;
  for (var i = 0u; i < ROWS; i++) { // @unroll
    state[i] = NO_LOGITS;
  }
  let end = min(workgroup_id.x * dims.tiles + dims.tiles, (dims.tokens + SIDE - 1u) / SIDE);
  for (var tile = workgroup_id.x * dims.tiles; tile < end; tile++) {
    let f0 = tile * SIDE;
    // Initialised, since without a value a variable in a loop would keep what it held.
    var total = array<f32, OUTPUTS>();
    var sum = array<f32, OUTPUTS>();
    for (var k0 = 0u; k0 < inner4; k0 += KC4) {
      workgroupBarrier();
      for (var p = 0u; p < FILLS; p++) { // @unroll
        let i = p * WG + local;
        let k = k0 + i % KC4;
        let at = min(k, inner4 - 1u);
        let token = dims.first - dims.firstRow + min(f0 + i / KC4, last_token);
        let a = x[min(n0 + i / KC4, last_row) * inner4 + at];
        left[i % KC4 * SIDE + i / KC4] = select(vec4f(), a, k < inner4);
        right[i % KC4 * SIDE + i / KC4] = load_weight(token * inner4 + at);
      }
      workgroupBarrier();
      for (var k = 0u; k < KC4; k++) { // @unroll
        var a: array<vec4f, ROWS>;
        var b: array<vec4f, FEATURES>;
        for (var i = 0u; i < ROWS; i++) { // @unroll
          a[i] = left[k * SIDE + n + i];
        }
        for (var j = 0u; j < FEATURES; j++) { // @unroll
          b[j] = right[k * SIDE + f + j * LANES];
        }
        for (var i = 0u; i < ROWS; i++) { // @unroll
          for (var j = 0u; j < FEATURES; j++) { // @unroll
            sum[i * FEATURES + j] += dot(a[i], b[j]);
          }
        }
      }
      if ((k0 + KC4) % SLICE4 == 0u || k0 + KC4 >= inner4) {
        for (var i = 0u; i < OUTPUTS; i++) { // @unroll
          total[i] += sum[i];
          sum[i] = 0.0;
        }
      }
    }
    let tokens = vec4u(f0 + f) + vec4u(0u, LANES, 2u * LANES, 3u * LANES);
    for (var i = 0u; i < ROWS; i++) { // @unroll
      let row = n0 + n + i;
      let low = vec2f(total[i * FEATURES], total[i * FEATURES + 1u]);
      let high = vec2f(total[i * FEATURES + 2u], total[i * FEATURES + 3u]);
      let logit = vec4f(low, high);
      if (KEEP == 1u && row <= last_row) {
        let at = row * dims.stride;
        logits[at + tokens.x] = logit.x;
        logits[at + tokens.y] = logit.y;
        logits[at + tokens.z] = logit.z;
        logits[at + tokens.w] = logit.w;
      }
      let tempered = logit * dims.inverseTemperature;
      let value = select(vec4f(NEG_LARGE), tempered, tokens <= vec4u(last_token));
      let is_target = tokens == vec4u(targets[min(row, last_row)] - dims.first);
      state[i] = with_logits(state[i], value, is_target);
    }
  }
  for (var i = 0u; i < ROWS; i++) { // @unroll
    workgroupBarrier();
    left[local] = state[i];
    workgroupBarrier();
    let row = n0 + n + i;
    if (f == i && row <= last_row) {
      var all = NO_LOGITS;
      for (var lane = 0u; lane < LANES; lane++) {
        all = joined(all, left[local - f + lane]);
      }
      partials[row * dims.stretches + workgroup_id.x] = all;
    }
  }
}
