// y[n,f] = gate / (1 + exp(-gate)) up,  gate = x[n,f],  up = x[n,cols+f]
//
// x (rows, 2 cols) f32, cols a multiple of 4     y (rows, cols) f32, overwritten
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a row. No loops.
// Reference: src/reference/norm.ts swigluForward. Test: tests/shaders/elementwise_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WG)
fn swiglu_forward(
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
  // Clamped so that exp stays finite in f32; silu(-80) is -1e-33.
  y[i] = g / (1.0 + exp(min(-g, vec4f(80.0)))) * x[at + cols4];
}
