// y = a + b
//
// a, b, y (elements) f32, elements a multiple of 4; y overwritten
// Dispatch ceil(elements / 4 / WG). No loops.
// Reference: src/reference/norm.ts addForward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  elements: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn add_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.elements / 4u) {
    return;
  }
  y[i] = a[i] + b[i];
}
