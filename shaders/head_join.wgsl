// statistics[n] = the states (m, s, t, z) of row n's stretches, joined in order: after head_tile_forward and
// head_part_statistics
//
// partials (rows, stretches) of vec4f     statistics (rows) of vec4f, started afresh when first is 0
// Dispatch ceil(rows / WG); an invocation owns a row. Trips: stretches.
// Reference: src/reference/head.ts headForward. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
  first: u32,
  stretches: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;

@compute @workgroup_size(WG)
fn head_join(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = flat_index(workgroup_id, local, WG);
  if (n >= dims.rows) {
    return;
  }
  var state = select(statistics[n], NO_LOGITS, dims.first == 0u);
  for (var i = 0u; i < dims.stretches; i++) {
    state = joined(state, partials[n * dims.stretches + i]);
  }
  statistics[n] = state;
}
