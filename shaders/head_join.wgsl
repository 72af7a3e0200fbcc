// statistics[n] = the states (m, s, t, z) of row n's stretches, joined: after head_tile_forward and head_part_statistics
//
// partials (rows, stretches) of vec4f     statistics (rows) of vec4f, started afresh when first is 0
// Dispatch rows workgroups; an invocation joins every WG-th stretch of a row in order, then halves of the invocations are
// joined until one is left. Trips: stretches / WG + log2 WG. Workgroup memory: 1 KiB.
// Reference: src/reference/head.ts headForward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  first: u32,
  stretches: u32,
}

const WG = 64u;
const HALF = WG / 2u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

var<workgroup> states: array<vec4f, WG>;

@compute @workgroup_size(WG)
fn head_join(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let item = flat_index(workgroup_id, 0u, 1u);
  // The last workgroups of a folded grid repeat the last row and store nothing, so that barriers stay uniform.
  let n = min(item, dims.rows - 1u);
  var state = NO_LOGITS;
  for (var i = local; i < dims.stretches; i += WG) {
    state = joined(state, partials[n * dims.stretches + i]);
  }
  states[local] = state;
  workgroupBarrier();
  for (var half = HALF; half > 0u; half /= 2u) {
    if (local < half) {
      states[local] = joined(states[local], states[local + half]);
    }
    workgroupBarrier();
  }
  if (local == 0u && item < dims.rows) {
    let before = select(statistics[n], NO_LOGITS, dims.first == 0u);
    statistics[n] = joined(before, states[0]);
  }
}
