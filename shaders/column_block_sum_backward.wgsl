// column_sum_backward with an invocation for each block of rows, for GPUs
//
// dy, d_bias: as in column_sum_backward
// Dispatch ceil(cols / COLUMNS). Sums go as shaders/lib/block_sums.wgsl says, which states what a workgroup owns: they have
// the order of column_sum_backward. Trips: 256 + BLOCKS for each 256 BLOCKS rows.
// Reference: src/reference/dense.ts columnSumBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_bias: array<f32>;

fn value_at(n: u32, c: u32, sum: f32) -> f32 {
  return sum + dy[n * dims.cols + c];
}

@compute @workgroup_size(WG)
fn column_block_sum_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let c = workgroup_id.x * COLUMNS + local % COLUMNS;
  let total = add_column(d_bias[min(c, dims.cols - 1u)], c, local);
  if (local < COLUMNS && c < dims.cols) {
    d_bias[c] = total;
  }
}
