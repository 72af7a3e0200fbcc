// y = gate / (1 + exp(-gate)) up
//
// gate, up, y (elements) f32, elements a multiple of 4; y overwritten
// Dispatch ceil(elements / 4 / WG). No loops. exp(-gate) may be infinite: the quotient is then 0.
// Reference: src/reference/norm.ts swigluForward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  elements: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;
@group(0) @binding(2) var<storage, read> up: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn swiglu_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.elements / 4u) {
    return;
  }
  let g = gate[i];
  // Clamped so that exp stays finite in f32; silu(-80) is -1e-33.
  y[i] = g / (1.0 + exp(min(-g, vec4f(80.0)))) * up[i];
}
