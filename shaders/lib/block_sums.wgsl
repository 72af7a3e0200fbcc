// Sums over rows for GPUs: a workgroup owns COLUMNS columns, and BLOCKS invocations for each of them. An invocation sums a
// block of 256 rows, and the blocks are added in order, as an invocation a column would do. Kernels declare dims with rows
// and cols, and value_at(n, c, sum), the sum with the value of a row. Workgroup memory: 4 WG bytes.

const COLUMNS = 16u;
const BLOCKS = 8u;
const WG = 128u;
// Rows of BLOCKS blocks.
const STEP = 2048u;

var<workgroup> sums: array<f32, WG>;

// `start_value` with the sum of column c added; whole for the invocations of the first block. Called by whole workgroups.
fn add_column(start_value: f32, c: u32, local: u32) -> f32 {
  var total = start_value;
  for (var first = 0u; first < dims.rows; first += STEP) {
    let start = first + local / COLUMNS * 256u;
    var sum = 0.0;
    for (var n = start; n < min(start + 256u, dims.rows); n++) {
      sum = value_at(n, min(c, dims.cols - 1u), sum);
    }
    workgroupBarrier();
    sums[local] = sum;
    workgroupBarrier();
    for (var i = 0u; i < BLOCKS; i++) {
      total += sums[i * COLUMNS + local % COLUMNS];
    }
  }
  return total;
}
