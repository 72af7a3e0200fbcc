// The one place that knows how weights are stored. FORMAT 0: f32, four in a vec4u. 1: bf16, eight. 2: f16, eight.
// A new format adds a case here, not a kernel. `at` counts groups of four consecutive weights.
override FORMAT: u32 = 0u;

fn load_weight(at: u32) -> vec4f {
  if (FORMAT == 0u) {
    return bitcast<vec4f>(w[at]);
  }
  let pair = w[at >> 1u];
  let packed = select(pair.xy, pair.zw, (at & 1u) == 1u);
  if (FORMAT == 1u) {
    return bitcast<vec4f>(vec4u(
      packed.x << 16u, packed.x & 0xffff0000u, packed.y << 16u, packed.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}
