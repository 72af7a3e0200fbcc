// d_weight[c] += sum_n dy[n,c] x[n,c] s[n]
//
// x f32, perRow rows of cols side by side, in a window as in rmsnorm_forward     dy (rows, cols) f32
// scale (rows) f32     d_weight (cols) f32, accumulates
// Dispatch ceil(cols / WG); an invocation owns a column and sums blocks of 256 rows. Trips: rows + rows / 256.
// Reference: src/reference/norm.ts rmsnormWeightBackward. Test: tests/shaders/norm_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  perRow: u32,
  column: u32,
  stride: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<f32>;

@compute @workgroup_size(WG)
fn rmsnorm_weight_backward(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.cols) {
    return;
  }
  var total = d_weight[c];
  for (var chunk = 0u; chunk < dims.rows; chunk += 256u) {
    var sum = 0.0;
    for (var n = chunk; n < min(chunk + 256u, dims.rows); n++) {
      let at = n / dims.perRow * dims.stride + dims.column + n % dims.perRow * dims.cols + c;
      sum = fma(dy[n * dims.cols + c] * scale[n], x[at], sum);
    }
    total += sum;
  }
  d_weight[c] = total;
}
