// d_logits[n,v] := dz inverseTemperature,  dz = d_log_prob (1[v = y] - p) - d_entropy p (log p + H),
// log p = logits[n,v] inverseTemperature - log sum
//
// logits, d_logits (rows, stride) f32, stride a multiple of FEATURES; d_logits overwritten, tokens past the last become 0
// targets (rows) u32     result (rows) of vec4f [log-prob, entropy H, log sum, ..]
// d_head (rows) of vec2f [d_log_prob, d_entropy]
// Dispatch (stride / FEATURES, ceil(rows / WG), 1); an invocation owns FEATURES tokens of a row, so that it reads
// the row's targets, result and d_head once for all of them. Trips: FEATURES / 4 where loops are kept.
// Reference: src/reference/head.ts logitsBackward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  stride: u32,
  vocabulary: u32,
  inverseTemperature: f32,
}

const FEATURES = 32u;
const FEATURES4 = FEATURES / 4u;
const WG = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> result: array<vec4f>;
@group(0) @binding(4) var<storage, read> d_head: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> d_logits: array<vec4f>;

@compute @workgroup_size(WG)
fn logits_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // Invocations past the last row repeat the last one.
  let n = min(workgroup_id.y * WG + local, dims.rows - 1u);
  let begin = workgroup_id.x * FEATURES;
  let row = result[n];
  let d = d_head[n];
  let token = targets[n];
  let at = (n * dims.stride + begin) / 4u;
  for (var f = 0u; f < FEATURES4; f++) { // @unroll
    let tokens = vec4u(begin + 4u * f) + vec4u(0u, 1u, 2u, 3u);
    let log_prob = logits[at + f] * dims.inverseTemperature - row.z;
    let p = exp(log_prob);
    let hit = select(vec4f(), vec4f(1.0), tokens == vec4u(token));
    let dz = d.x * (hit - p) - d.y * p * (log_prob + row.y);
    let is_token = tokens < vec4u(dims.vocabulary);
    d_logits[at + f] = select(vec4f(), dz * dims.inverseTemperature, is_token);
  }
}
