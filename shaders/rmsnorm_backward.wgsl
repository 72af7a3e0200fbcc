// dx[n,c] (+)= s (weight[c] dy[n,c] - x[n,c] s^2 mean_c(weight dy x))
//
// x, d_x f32, perRow rows of cols side by side, in a window as in rmsnorm_forward     dy (rows, cols) f32
// weight (cols) f32     scale (rows) f32, s of the forward pass
// d_x overwritten, or added to when accumulate is 1
// Dispatch ceil(rows / WG); an invocation owns a row. Trips: cols / 2.
// Reference: src/reference/norm.ts rmsnormBackward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
  accumulate: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_x: array<vec4f>;

@compute @workgroup_size(WG)
fn rmsnorm_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = flat_index(workgroup_id, local, WG);
  if (n >= dims.rows) {
    return;
  }
  let cols4 = dims.cols / 4u;
  let start = (n / dims.perRow * dims.stride + dims.column) / 4u + n % dims.perRow * cols4;
  let s = scale[n];
  var products = vec4f();
  for (var c = 0u; c < cols4; c++) {
    products = fma(weight[c] * dy[n * cols4 + c], x[start + c], products);
  }
  let dot = products.x + products.y + products.z + products.w;
  let shift = dot * s * s / f32(dims.cols);
  for (var c = 0u; c < cols4; c++) {
    let value = s * (weight[c] * dy[n * cols4 + c] - x[start + c] * shift);
    if (dims.accumulate == 1u) {
      d_x[start + c] += value;
    } else {
      d_x[start + c] = value;
    }
  }
}
