// Attention of queries by subgroups: a tile of rows reads its slots BLOCK at a time, with their keys and values. The
// invocations of a subgroup divide these reads, PARTS texels of each, and get the rest from each other's registers: see
// shaders/lib/subgroup_products.wgsl. Kernels declare the bindings key_value and queries, and the constants used here.

alias Parts = array<vec4f, PARTS>;

// [start, end) of the slots that a tile's first `count` rows see in a range, or in their segment (range = rangeCount).
fn slots_of_tile(tile: vec4u, count: u32, range: u32) -> vec2u {
  var slots = vec2u(queries[tile.x].z, queries[tile.x + count - 1u].w + 1u);
  if (range < tile.w) {
    slots = queries[tile.z + range].xy;
  }
  return slots;
}

// [start, end) of the slots that one row of `queries` sees in the same range.
fn slots_of_row(row: vec4u, tile: vec4u, range: u32) -> vec2u {
  var slots = vec2u(row.z, row.w + 1u);
  if (range < tile.w) {
    slots = queries[row.x + range].xy;
  }
  return slots;
}

// Reads keys and values of BLOCK slots from `slot` on, a value `cols4` after its key. Slots past the last repeat it.
fn read_slots(
  keys: ptr<function, Parts>,
  values: ptr<function, Parts>,
  slot: u32,
  end: u32,
  column: u32,
  cols4: u32,
  lane: u32,
) {
  for (var p = 0u; p < PARTS; p++) { // @unroll
    let i = p * LANES + lane;
    let at = min(slot + i / D4, end - 1u) * 2u * cols4 + column + i % D4;
    (*keys)[p] = key_value[at];
    (*values)[p] = key_value[at + cols4];
  }
}
