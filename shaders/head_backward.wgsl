// tile[r,f] := dz inverseTemperature,  dz = d_log_prob (1[v = y] - p) - d_entropy p (log p + H),  v = first + f
//
// targets (rows) u32     result (rows) of vec4f [log-prob, entropy H, log sum, ..]
// d_head (rows) of vec2f [d_log_prob, d_entropy]
// tile (rows, stride) f32: logits in, gradients out; columns from `features` on become 0
// Dispatch ceil(rows stride / WG); an invocation owns an element. No loops.
// Reference: src/reference/head.ts headBackward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  stride: u32,
  first: u32,
  features: u32,
  inverseTemperature: f32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> result: array<vec4f>;
@group(0) @binding(3) var<storage, read> d_head: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> tile: array<f32>;

@compute @workgroup_size(WG)
fn head_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let r = i / dims.stride;
  if (r >= dims.rows) {
    return;
  }
  let f = i % dims.stride;
  var value = 0.0;
  if (f < dims.features) {
    let row = result[r];
    let d = d_head[r];
    let log_prob = tile[i] * dims.inverseTemperature - row.z;
    let p = exp(log_prob);
    let hit = select(0.0, 1.0, dims.first + f == targets[r]);
    value = (d.x * (hit - p) - d.y * p * (log_prob + row.y)) * dims.inverseTemperature;
  }
  tile[i] = value;
}
