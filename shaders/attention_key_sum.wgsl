// d_key_value[n] = sum of the parts of key n
//
// parts (2 rows, cols) f32     key_parts (rows) of u32 [first, parts, keys, ..]: rows first, first + keys, .. of parts
// d_key_value (rows, cols) f32, cols a multiple of 4; overwritten
// Dispatch ceil(rows cols / 4 / WG); an invocation owns four features of a key. Trips: parts of a key.
// Reference: src/reference/attention.ts attentionKeySum. Test: tests/shaders/attention_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read> key_parts: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> d_key_value: array<vec4f>;

@compute @workgroup_size(WG)
fn attention_key_sum(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  let cols4 = dims.cols / 4u;
  let n = i / cols4;
  if (n >= dims.rows) {
    return;
  }
  let part = key_parts[n];
  var sum = vec4f();
  for (var p = 0u; p < part.y; p++) {
    sum += parts[(part.x + p * part.z) * cols4 + i % cols4];
  }
  d_key_value[i] = sum;
}
