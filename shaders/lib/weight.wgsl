// The one place that knows how weights are stored (src/model/formats.ts). FORMAT 0: f32, four in a vec4u. 1: bf16,
// eight. 2: f16, eight. Then runs of 256 with their scales behind them: 3: int8, 17 vec4u. 4: int4, 9. 5: nf4, 9.
// A new format adds a case here, not a kernel. `at` counts groups of four consecutive weights.
override FORMAT: u32 = 0u;

fn load_weight(at: u32) -> vec4f {
  if (FORMAT == 0u) {
    return bitcast<vec4f>(w[at]);
  }
  if (FORMAT <= 2u) {
    let pair = w[at >> 1u];
    let packed = select(pair.xy, pair.zw, (at & 1u) == 1u);
    if (FORMAT == 1u) {
      return bitcast<vec4f>(vec4u(
        packed.x << 16u, packed.x & 0xffff0000u, packed.y << 16u, packed.y & 0xffff0000u));
    }
    return vec4f(unpack2x16float(packed.x), unpack2x16float(packed.y));
  }
  let group = at & 63u;
  if (FORMAT == 3u) {
    let start = (at >> 6u) * 17u;
    let word = w[start + (group >> 2u)][group & 3u];
    let codes = bitcast<vec4i>(vec4u(word << 24u, word << 16u, word << 8u, word)) >> vec4u(24u);
    return bitcast<f32>(w[start + 16u][group >> 4u]) * vec4f(codes);
  }
  let start = (at >> 6u) * 9u;
  let word = w[start + (group >> 3u)][(group >> 1u) & 3u];
  let codes = (vec4u(word >> ((group & 1u) * 16u)) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scale = w[start + 8u][group >> 4u];
  if (FORMAT == 4u) {
    let half = select(scale << 16u, scale & 0xffff0000u, (group & 8u) == 8u);
    return bitcast<f32>(half) * (vec4f(codes) - 8.0);
  }
  return bitcast<f32>(scale) * vec4f(nf4(codes.x), nf4(codes.y), nf4(codes.z), nf4(codes.w));
}

fn nf4(code: u32) -> f32 {
  var levels = array<f32, 16>(
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0);
  return levels[code];
}
