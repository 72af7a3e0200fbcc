// Weights as bf16, eight in a vec4u. `at` counts groups of four consecutive weights.
fn load_weight(at: u32) -> vec4f {
  let pair = w[at >> 1u];
  let packed = select(pair.xy, pair.zw, (at & 1u) == 1u);
  return bitcast<vec4f>(vec4u(
    packed.x << 16u, packed.x & 0xffff0000u, packed.y << 16u, packed.y & 0xffff0000u));
}
