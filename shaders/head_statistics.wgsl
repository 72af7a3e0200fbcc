// Updates (m, s, t, z) of each row with one tile of logits: m = max x, s = sum exp(x - m), t = sum x exp(x - m),
// z = x of the target; x = logit inverseTemperature
//
// tile (rows, stride) f32, `features` logits from column `column` on     targets (rows) u32
// statistics (rows) of vec4f; started afresh when first is 0. Feature 0 of the tile is token `first`.
// Dispatch ceil(rows / WG); an invocation owns a row. Trips: 2 features and a strip's worth.
// Reference: src/reference/head.ts headStatistics. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  stride: u32,
  column: u32,
  first: u32,
  features: u32,
  inverseTemperature: f32,
}

// Tokens of a strip. Equals STRIP of head_forward, so that both do the same additions.
const STRIP = 32u;
const NEG_LARGE = -3.4028234e38;
override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tile: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4f>;

@compute @workgroup_size(WG)
fn head_statistics(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let r = flat_index(workgroup_id, local, WG);
  if (r >= dims.rows) {
    return;
  }
  var state = vec4f(NEG_LARGE, 0.0, 0.0, NEG_LARGE);
  if (dims.first > 0u) {
    state = statistics[r];
  }
  let start = r * dims.stride + dims.column;
  for (var strip = 0u; strip < dims.features; strip += STRIP) {
    let end = min(strip + STRIP, dims.features);
    // The strip's own maximum first, so that the sums are scaled once.
    var m = state.x;
    for (var f = strip; f < end; f++) {
      m = max(m, tile[start + f] * dims.inverseTemperature);
    }
    let keep = exp(state.x - m);
    var s = 0.0;
    var t = 0.0;
    for (var f = strip; f < end; f++) {
      let x = tile[start + f] * dims.inverseTemperature;
      let weight = exp(x - m);
      s += weight;
      t = fma(x, weight, t);
    }
    state = vec4f(m, state.y * keep + s, state.z * keep + t, state.w);
  }
  let token = targets[r] - dims.first;
  if (token < dims.features) {
    state.w = tile[start + token] * dims.inverseTemperature;
  }
  statistics[r] = state;
}
