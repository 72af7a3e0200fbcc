// Weights as int8 in runs of 256, each 17 vec4u: the scales (f32, one for 64) stand behind the codes. `at` counts groups
// of four consecutive weights.
fn load_weight(at: u32) -> vec4f {
  let group = at & 63u;
  let start = (at >> 6u) * 17u;
  let word = w[start + (group >> 2u)][group & 3u];
  let codes = bitcast<vec4i>(vec4u(word << 24u, word << 16u, word << 8u, word)) >> vec4u(24u);
  return bitcast<f32>(w[start + 16u][group >> 4u]) * vec4f(codes);
}
