// rmsnorm_forward by a workgroup a row, for GPUs
//
// x, weight, y, scale: as in rmsnorm_forward
// Dispatch rows workgroups of WG. An invocation sums the squares of every WG-th group of four columns; the parts are added
// in order, as linear_slice_forward adds them. Trips: cols / 4 / WG + WG. Workgroup memory: 4 WG bytes.
// Reference: src/reference/norm.ts rmsnormForward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
  eps: f32,
}

const WG = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> scale: array<f32>;

var<workgroup> parts: array<f32, WG>;

@compute @workgroup_size(WG)
fn rmsnorm_row_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // The last workgroups of a folded grid repeat row 0 and store nothing, so that barriers stay uniform.
  let n = workgroup_id.y * GRID_X + workgroup_id.x;
  let live = n < dims.rows;
  let row = select(0u, n, live);
  let cols4 = dims.cols / 4u;
  let start = (row / dims.perRow * dims.stride + dims.column) / 4u + row % dims.perRow * cols4;
  var squares = vec4f();
  for (var c = local; c < cols4; c += WG) {
    squares = fma(x[start + c], x[start + c], squares);
  }
  parts[local] = squares.x + squares.y + squares.z + squares.w;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WG; i++) {
    sum += parts[i];
  }
  let s = 1.0 / sqrt(sum / f32(dims.cols) + dims.eps);
  if (!live) {
    return;
  }
  for (var c = local; c < cols4; c += WG) {
    y[row * cols4 + c] = x[start + c] * s * weight[c];
  }
  if (local == 0u) {
    scale[row] = s;
  }
}
