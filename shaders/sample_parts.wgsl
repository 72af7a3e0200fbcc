// sample for GPUs, first half: the largest and the sum of the weights of each stretch of STRETCH neighbouring tokens
//
// masked (rows, cols) f32: as in sample
// partials (rows, stretches) of vec4f [largest v, its token, sum of exp((v - largest) maskedScale), 0], overwritten; the first
// of equals is the largest
// Dispatch (stretches, rows, 1); an invocation owns every WG-th token of a stretch. Trips: 2 STRETCH / WG + 2 WG.
// Workgroup memory: 768 bytes. Reference: src/reference/sampling.ts sample. Test: tests/shaders/sampling_test.ts.
struct Dims {
  cols: u32,
  stretches: u32,
  maskedScale: f32,
}

const WG = 64u;
const STRETCH = 2048u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

var<workgroup> largest: array<f32, WG>;
var<workgroup> place: array<u32, WG>;
var<workgroup> mass: array<f32, WG>;

@compute @workgroup_size(WG)
fn sample_parts(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = workgroup_id.y * dims.cols;
  let first = workgroup_id.x * STRETCH;
  let end = min(first + STRETCH, dims.cols);
  var best = NEG_LARGE;
  var at = first;
  for (var c = first + local; c < end; c += WG) {
    let value = masked[row + c];
    if (value > best) {
      best = value;
      at = c;
    }
  }
  largest[local] = best;
  place[local] = at;
  workgroupBarrier();
  var top = largest[0];
  var top_at = place[0];
  for (var i = 1u; i < WG; i++) {
    if (largest[i] > top || (largest[i] == top && place[i] < top_at)) {
      top = largest[i];
      top_at = place[i];
    }
  }
  var sum = 0.0;
  for (var c = first + local; c < end; c += WG) {
    sum += weight_of(masked[row + c], top);
  }
  mass[local] = sum;
  workgroupBarrier();
  if (local == 0u) {
    var total = 0.0;
    for (var i = 0u; i < WG; i++) {
      total += mass[i];
    }
    // A float holds every token below 2^24 exactly; the bits of a small integer are a number that a GPU may make 0.
    partials[workgroup_id.y * dims.stretches + workgroup_id.x] = vec4f(top, f32(top_at), total, 0.0);
  }
}
