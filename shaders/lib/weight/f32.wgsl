// Weights as f32, four in a vec4u. `at` counts groups of four consecutive weights.
fn load_weight(at: u32) -> vec4f {
  return bitcast<vec4f>(w[at]);
}
