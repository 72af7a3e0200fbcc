// Weights as int4, a scale (bf16) for 32. `at` counts groups of four consecutive weights. Reads through codes4.wgsl.
fn load_weight(at: u32) -> vec4f {
  let stored = codes_of(at);
  let half = select(stored.scale << 16u, stored.scale & 0xffff0000u, (at & 8u) == 8u);
  return bitcast<f32>(half) * (vec4f(stored.codes) - 8.0);
}
