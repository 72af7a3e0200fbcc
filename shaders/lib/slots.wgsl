// Attention in tiles: which slots a tile of queries meets in a round, and their keys and values in workgroup memory.
// Kernels declare the bindings dims, key_value, queries and tiles, and the constants. Workgroup memory: 8 KEYS D bytes.

var<workgroup> keys: array<vec4f, KEYS * D4>;
var<workgroup> values: array<vec4f, KEYS * D4>;

// A tile of KEYS slots from first_slot on: in a range that the queries see, or (range = rangeCount) in their own slots.
struct SlotTile {
  first_slot: u32,
  // One past the last slot of the stretch that the tile lies in.
  end: u32,
  range: u32,
  // Whether it is the last tile that these queries meet.
  is_last: bool,
}

fn slot_tile(tile: vec4u, round: u32) -> SlotTile {
  let last = queries[tile.x + tile.y - 1u].w;
  var stretch = vec2u(queries[tile.x].z, last + 1u);
  var skipped = round * KEYS;
  var range = tile.w;
  for (var r = 0u; r < tile.w; r++) {
    let slots = queries[tile.z + r].xy;
    let padded = (slots.y - slots.x + KEYS - 1u) / KEYS * KEYS;
    if (range == tile.w && skipped < padded) {
      stretch = slots;
      range = r;
    }
    skipped -= select(0u, padded, range == tile.w);
  }
  let first_slot = stretch.x + skipped;
  return SlotTile(first_slot, stretch.y, range, range == tile.w && first_slot + KEYS > last);
}

// Puts keys and values of the slots where the workgroup reads them, for one head of keys.
fn fill_slots(slots: SlotTile, head: u32, local: u32) {
  let cols4 = dims.keyValueHeads * D4;
  workgroupBarrier();
  for (var p = 0u; p < FILLS; p++) { // @unroll
    let i = p * WG + local;
    let at = min(slots.first_slot + i / D4, slots.end - 1u) * 2u * cols4 + head * D4 + i % D4;
    if (KEYS * D4 % WG == 0u || i < KEYS * D4) {
      keys[i] = key_value[at];
      values[i] = key_value[at + cols4];
    }
  }
  workgroupBarrier();
}

// [offset, seen]: query n sees slot first_slot + i of the tile if offset + i < seen, in numbers that wrap around.
fn seen_slots(tile: vec4u, slots: SlotTile, n: u32) -> vec2u {
  let row = queries[n];
  var own = vec2u(row.z, row.w + 1u);
  if (slots.range < tile.w) {
    own = queries[row.x + slots.range].xy;
  }
  return vec2u(slots.first_slot - own.x, own.y - own.x);
}
