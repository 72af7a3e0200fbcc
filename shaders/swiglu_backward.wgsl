// dgate = dy up s (1 + gate (1 - s)),  dup = dy gate s,  s = 1 / (1 + exp(-gate))
//
// gate, up, dy, d_gate, d_up (elements) f32, elements a multiple of 4; outputs overwritten
// Dispatch ceil(elements / 4 / WG). No loops.
// Reference: src/reference/norm.ts swigluBackward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  elements: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;
@group(0) @binding(2) var<storage, read> up: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> d_gate: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_up: array<vec4f>;

@compute @workgroup_size(WG)
fn swiglu_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.elements / 4u) {
    return;
  }
  let g = gate[i];
  let d = dy[i];
  let s = 1.0 / (1.0 + exp(min(-g, vec4f(80.0))));
  d_gate[i] = d * up[i] * s * (1.0 + g * (1.0 - s));
  d_up[i] = d * g * s;
}
