// rmsnorm_backward by a workgroup a row, for GPUs
//
// x, weight, scale, dy, d_x: as in rmsnorm_backward
// Dispatch rows workgroups of WG. An invocation sums the products of every WG-th group of four columns; the parts are added
// in order. Trips: cols / 4 / WG + WG. Workgroup memory: 4 WG bytes.
// Reference: src/reference/norm.ts rmsnormBackward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
  accumulate: u32,
}

const WG = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_x: array<vec4f>;

var<workgroup> parts: array<f32, WG>;

@compute @workgroup_size(WG)
fn rmsnorm_row_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // The last workgroups of a folded grid repeat row 0 and store nothing, so that barriers stay uniform.
  let n = workgroup_id.y * GRID_X + workgroup_id.x;
  let live = n < dims.rows;
  let row = select(0u, n, live);
  let cols4 = dims.cols / 4u;
  let start = (row / dims.perRow * dims.stride + dims.column) / 4u + row % dims.perRow * cols4;
  var products = vec4f();
  for (var c = local; c < cols4; c += WG) {
    products = fma(weight[c] * dy[row * cols4 + c], x[start + c], products);
  }
  parts[local] = products.x + products.y + products.z + products.w;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WG; i++) {
    sum += parts[i];
  }
  if (!live) {
    return;
  }
  let s = scale[row];
  let shift = sum * s * s / f32(dims.cols);
  for (var c = local; c < cols4; c += WG) {
    let value = s * (weight[c] * dy[row * cols4 + c] - x[start + c] * shift);
    if (dims.accumulate == 1u) {
      d_x[start + c] += value;
    } else {
      d_x[start + c] = value;
    }
  }
}
