// The codes of four consecutive weights of 4 bits, and the word that holds their scale. A run of 256 weights is
// 9 vec4u: the scales stand behind the codes. `at` counts groups of four.
struct Codes {
  codes: vec4u,
  scale: u32,
}

fn codes_of(at: u32) -> Codes {
  let group = at & 63u;
  let start = (at >> 6u) * 9u;
  let word = w[start + (group >> 3u)][(group >> 1u) & 3u];
  let codes = (vec4u(word >> ((group & 1u) * 16u)) >> vec4u(0u, 4u, 8u, 12u)) & vec4u(15u);
  let scale = w[start + 8u][group >> 4u];
  return Codes(codes, scale);
}
