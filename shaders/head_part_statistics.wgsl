// head_statistics for GPUs: the state (m, s, t, z) of each stretch of the vocabulary, of logits that are given
//
// tile (rows, stride) f32, `features` logits from column `column` on; feature 0 is token `first`     targets (rows) u32
// partials (rows, stretches) of vec4f (m, s, t, z), overwritten; head_join joins them
// Dispatch (ceil(stretches / (WG / LANES)), rows, 1). An invocation owns every LANES-th token of a stretch of `tiles` times
// 64, in the order of head_tile_forward, with its bits. Trips: tiles + LANES. Workgroup memory: 16 WG bytes.
// Reference: src/reference/head.ts headStatistics. Test: tests/shaders/head_test.ts.
struct Dims {
  stride: u32,
  column: u32,
  first: u32,
  features: u32,
  tiles: u32,
  stretches: u32,
  inverseTemperature: f32,
}

const SIDE = 64u;
const LANES = 16u;
const WG = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tile: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;

var<workgroup> states: array<vec4f, WG>;

@compute @workgroup_size(WG)
fn head_part_statistics(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = workgroup_id.y;
  let lane = local % LANES;
  let stretch = workgroup_id.x * (WG / LANES) + local / LANES;
  let row = n * dims.stride + dims.column;
  let target_token = targets[n] - dims.first;
  let last = dims.features - 1u;
  var state = NO_LOGITS;
  for (var i = stretch * dims.tiles; i < (stretch + 1u) * dims.tiles; i++) {
    let tokens = vec4u(i * SIDE + lane) + vec4u(0u, LANES, 2u * LANES, 3u * LANES);
    let at = min(tokens, vec4u(last)) + vec4u(row);
    let logit = vec4f(tile[at.x], tile[at.y], tile[at.z], tile[at.w]);
    let tempered = logit * dims.inverseTemperature;
    let value = select(vec4f(NEG_LARGE), tempered, tokens <= vec4u(last));
    state = with_logits(state, value, tokens == vec4u(target_token));
  }
  states[local] = state;
  workgroupBarrier();
  if (lane == 0u && stretch < dims.stretches) {
    var all = NO_LOGITS;
    for (var i = 0u; i < LANES; i++) {
      all = joined(all, states[local + i]);
    }
    partials[n * dims.stretches + stretch] = all;
  }
}
