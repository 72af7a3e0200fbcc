// result = [z - l, l - t / s, l, 0] with l = m + log s: log-prob of the target, entropy, log of the denominator
//
// statistics (rows) of vec4f (m, s, t, z)     result (rows) of vec4f, overwritten
// Dispatch ceil(rows / WG); an invocation owns a row. No loops.
// Reference: src/reference/head.ts headFinish. Test: tests/shaders/head_test.ts.
struct Dims {
  rows: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(WG)
fn head_finish(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let r = flat_index(workgroup_id, local, WG);
  if (r >= dims.rows) {
    return;
  }
  let state = statistics[r];
  let log_sum = state.x + log(state.y);
  result[r] = vec4f(state.w - log_sum, log_sum - state.z / state.y, log_sum, 0.0);
}
