// y[n,c] = x[n,c] s[n] weight[c],  s[n] = 1 / sqrt(mean_c x[n,c]^2 + eps)
//
// x f32, perRow rows of cols side by side, in a window from `column` on of a matrix with `stride` columns; all
// multiples of 4     weight (cols) f32
// y (rows, cols) f32, overwritten              scale (rows) f32, overwritten, read by the backward pass
// Dispatch ceil(rows / WG); an invocation owns a row. Trips: cols / 2.
// Reference: src/reference/norm.ts rmsnormForward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
  eps: f32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scale: array<f32>;

@compute @workgroup_size(WG)
fn rmsnorm_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = flat_index(workgroup_id, local, WG);
  if (n >= dims.rows) {
    return;
  }
  let cols4 = dims.cols / 4u;
  let start = (n / dims.perRow * dims.stride + dims.column) / 4u + n % dims.perRow * cols4;
  var squares = vec4f();
  for (var c = 0u; c < cols4; c++) {
    let value = x[start + c];
    squares = fma(value, value, squares);
  }
  let mean = (squares.x + squares.y + squares.z + squares.w) / f32(dims.cols);
  let s = 1.0 / sqrt(mean + dims.eps);
  scale[n] = s;
  for (var c = 0u; c < cols4; c++) {
    y[n * cols4 + c] = x[start + c] * s * weight[c];
  }
}
