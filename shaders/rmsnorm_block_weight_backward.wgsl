// rmsnorm_weight_backward with an invocation for each block of rows, for GPUs
//
// x, scale, dy, d_weight: as in rmsnorm_weight_backward
// Dispatch ceil(cols / COLUMNS). Sums go as shaders/lib/block_sums.wgsl says, which states what a workgroup owns: they have
// the order of rmsnorm_weight_backward. Trips: 256 + BLOCKS for each 256 BLOCKS rows.
// Reference: src/reference/norm.ts rmsnormWeightBackward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;

fn value_at(n: u32, c: u32, sum: f32) -> f32 {
  let at = n / dims.perRow * dims.stride + dims.column + n % dims.perRow * dims.cols + c;
  return fma(dy[n * dims.cols + c] * scale[n], x[at], sum);
}

@compute @workgroup_size(WG)
fn rmsnorm_block_weight_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let c = workgroup_id.x * COLUMNS + local % COLUMNS;
  let total = add_column(d_weight[min(c, dims.cols - 1u)], c, local);
  if (local < COLUMNS && c < dims.cols) {
    d_weight[c] = total;
  }
}
