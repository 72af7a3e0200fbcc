// Weights as f16, eight in a vec4u. `at` counts groups of four consecutive weights.
fn load_weight(at: u32) -> vec4f {
  let pair = w[at >> 1u];
  let packed = select(pair.xy, pair.zw, (at & 1u) == 1u);
  return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
}
