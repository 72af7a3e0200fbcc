// sums[chunk] = sum of x[i]^2 over the 4096 elements of the block
//
// x (elements) f32     sums (ceil(elements / 4096)) f32, overwritten
// Dispatch blocks workgroups of WG = 64 invocations; an invocation sums 64 elements, then a tree adds the 64 sums.
// Trips: 64 + 6. Workgroup memory 256 bytes.
// Reference: src/reference/update.ts sumSquares. Test: tests/shaders/update_test.ts.
struct Dims {
  elements: u32,
}

const WG = 64u;
const BLOCK = 4096u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

var<workgroup> partial: array<f32, WG>;

@compute @workgroup_size(WG)
fn sum_squares(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let chunk = workgroup_id.y * GRID_X + workgroup_id.x;
  var sum = 0.0;
  for (var i = local; i < BLOCK; i += WG) {
    let at = chunk * BLOCK + i;
    if (at < dims.elements) {
      sum = fma(x[at], x[at], sum);
    }
  }
  partial[local] = sum;
  workgroupBarrier();
  for (var width = WG / 2u; width > 0u; width /= 2u) {
    if (local < width) {
      partial[local] += partial[local + width];
    }
    workgroupBarrier();
  }
  if (local == 0u && chunk * BLOCK < dims.elements) {
    sums[chunk] = partial[0];
  }
}
