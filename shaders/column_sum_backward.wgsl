// d_bias[c] += sum_n dy[n,c]
//
// dy     (rows, cols) f32      d_bias (cols) f32, accumulates
// Dispatch ceil(cols / WG); an invocation owns a column and sums blocks of 256 rows. Trips: rows + rows / 256.
// Reference: src/reference/dense.ts columnSumBackward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> d_bias: array<f32>;

@compute @workgroup_size(WG)
fn column_sum_backward(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.cols) {
    return;
  }
  var total = d_bias[c];
  for (var chunk = 0u; chunk < dims.rows; chunk += 256u) {
    var sum = 0.0;
    for (var n = chunk; n < min(chunk + 256u, dims.rows); n++) {
      sum += dy[n * dims.cols + c];
    }
    total += sum;
  }
  d_bias[c] = total;
}
