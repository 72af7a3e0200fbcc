// dgate = dy up s (1 + gate (1 - s)),  dup = dy gate s,  s = 1 / (1 + exp(-gate))
//
// x = [gate | up], d_x = [dgate | dup] (rows, 2 cols) f32, cols a multiple of 4     dy (rows, cols) f32
// d_x overwritten
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/norm.ts swigluBackward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> d_x: array<vec4f>;

@compute @workgroup_size(WG)
fn swiglu_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  let at = n * 2u * cols4 + i % cols4;
  let g = x[at];
  let d = dy[i];
  let s = 1.0 / (1.0 + exp(min(-g, vec4f(80.0))));
  d_x[at] = d * x[at + cols4] * s * (1.0 + g * (1.0 - s));
  d_x[at + cols4] = d * g * s;
}
