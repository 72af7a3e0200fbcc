// Threefry-2x32-20, the bits of src/math/threefry.ts: uniform(key, counter) in [0, 1) with 24 bits.
fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var schedule = array<u32, 3>(key.x, key.y, key.x ^ key.y ^ 0x1bd11bdau);
  var x = counter + key;
  for (var round = 0u; round < 20u; round++) {
    let r = rotations[round % 8u];
    x.x += x.y;
    x.y = ((x.y << r) | (x.y >> (32u - r))) ^ x.x;
    if (round % 4u == 3u) {
      let injection = (round + 1u) / 4u;
      x.x += schedule[injection % 3u];
      x.y += schedule[(injection + 1u) % 3u] + injection;
    }
  }
  return x;
}

fn random_uniform(key: vec2u, counter: u32) -> f32 {
  return f32(threefry(key, vec2u(counter, 0u)).x >> 8u) * 5.9604644775390625e-8;
}
