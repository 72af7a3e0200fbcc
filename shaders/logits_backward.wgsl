// d_logits[n,v] := dz inverseTemperature,  dz = d_log_prob (1[v = y] - p) - d_entropy p (log p + H),
// log p = logits[n,v] inverseTemperature - log sum
//
// logits, d_logits (rows, stride) f32, stride a multiple of 4; d_logits overwritten, tokens past the vocabulary become 0
// targets (rows) u32     result (rows) of vec4f [log-prob, entropy H, log sum, ..]
// d_head (rows) of vec2f [d_log_prob, d_entropy]
// Dispatch ceil(rows stride / 4 / WG); an invocation owns four tokens of a row. No loops.
// Reference: src/reference/head.ts logitsBackward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  stride: u32,
  vocabulary: u32,
  inverseTemperature: f32,
}

override WG: u32 = 64u;

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
  let i = flat_index(workgroup_id, local, WG);
  let stride4 = dims.stride / 4u;
  let n = i / stride4;
  if (n >= dims.rows) {
    return;
  }
  let row = result[n];
  let d = d_head[n];
  let tokens = vec4u(4u * (i % stride4)) + vec4u(0u, 1u, 2u, 3u);
  let log_prob = logits[i] * dims.inverseTemperature - row.z;
  let p = exp(log_prob);
  let hit = select(vec4f(), vec4f(1.0), tokens == vec4u(targets[n]));
  let dz = d.x * (hit - p) - d.y * p * (log_prob + row.y);
  d_logits[i] = select(vec4f(), dz * dims.inverseTemperature, tokens < vec4u(dims.vocabulary));
}
