// dW[id] += sum of dy over the rows where token `id` occurs
//
// dy (N, cols) f32     occurrences (unique) of [id, first, count, 0]     token_order (N) u32, rows sorted by id
// d_weight (V, cols) f32, accumulates
// Dispatch ceil(unique cols / 4 / WG); an invocation owns four features of an id. Trips: count + count / 256.
// Reference: src/reference/dense.ts embeddingBackward. Test: tests/shaders/rows_test.ts.
struct Dims {
  unique: u32,
  cols: u32,
}

override WG: u32 = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read> occurrences: array<vec4u>;
@group(0) @binding(3) var<storage, read> token_order: array<u32>;
@group(0) @binding(4) var<storage, read_write> d_weight: array<vec4f>;

@compute @workgroup_size(WG)
fn embedding_backward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let u = i / cols4;
  if (u >= dims.unique) {
    return;
  }
  let c = i % cols4;
  let entry = occurrences[u];
  let end = entry.y + entry.z;
  var total = vec4f();
  for (var chunk = entry.y; chunk < end; chunk += 256u) {
    var sum = vec4f();
    for (var at = chunk; at < min(chunk + 256u, end); at++) {
      sum += dy[token_order[at] * cols4 + c];
    }
    total += sum;
  }
  d_weight[entry.x * cols4 + c] += total;
}
