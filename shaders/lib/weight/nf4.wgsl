// Weights as nf4, a scale (f32) for 64. `at` counts groups of four consecutive weights. Reads through codes4.wgsl.
fn load_weight(at: u32) -> vec4f {
  let stored = codes_of(at);
  let c = stored.codes;
  return bitcast<f32>(stored.scale) * vec4f(nf4(c.x), nf4(c.y), nf4(c.z), nf4(c.w));
}

fn nf4(code: u32) -> f32 {
  var levels = array<f32, 16>(
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0);
  return levels[code];
}
