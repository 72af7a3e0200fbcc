// A part of attention_forward for GPUs: a workgroup owns the GROUP heads of a query that share keys and values, and takes the
// slots of a part BLOCK at a time, with an online softmax. Keys go to workgroup memory; an invocation computes scores of a
// head and a slot, then carries sums of a head and four features, OWNED of them. Kernels declare the bindings q, key_value
// and queries, and D4, GROUP, BLOCK, SPLITS, WG, OWNED. Workgroup memory: 16 D4 (GROUP + BLOCK) + 4 GROUP (BLOCK + 2).

const NEG_LARGE = -3.4028234e38;

var<workgroup> query: array<vec4f, GROUP * D4>;
// Group d of slot j at d BLOCK + j, so that neighbours read neighbouring slots.
var<workgroup> key: array<vec4f, D4 * BLOCK>;
// Scores, then weights, of slot j for head h at h BLOCK + j.
var<workgroup> weight: array<f32, GROUP * BLOCK>;
// Of each head: the maximum, and what earlier sums are multiplied by.
var<workgroup> top: array<f32, GROUP>;
var<workgroup> keep: array<f32, GROUP>;

// The maximum and the sum of weights of head `local`, and the sums that an invocation owns.
struct Part {
  m: f32,
  s: f32,
  sum: array<vec4f, OWNED>,
}

// The number of slots that a row sees: those of its ranges, then its own.
fn slots_of(row: vec4u) -> u32 {
  var count = row.w + 1u - row.z;
  for (var r = 0u; r < row.y; r++) {
    count += queries[row.x + r].y - queries[row.x + r].x;
  }
  return count;
}

// The slot that a row sees at place `at`.
fn slot_of(row: vec4u, at: u32) -> u32 {
  var left = at;
  for (var r = 0u; r < row.y; r++) {
    let range = queries[row.x + r].xy;
    if (left < range.y - range.x) {
      return range.x + left;
    }
    left -= range.y - range.x;
  }
  return row.z + left;
}

fn load_query(i: u32, local: u32) {
  for (var j = local; j < GROUP * D4; j += WG) {
    query[j] = q[i * GROUP * D4 + j] / sqrt(f32(4u * D4));
  }
}

// Item i of (rows, keyValueHeads) over part `at` of its slots. Parts are whole blocks, as many as the slots need.
fn part_of(i: u32, at: u32, local: u32) -> Part {
  let g = i % dims.keyValueHeads;
  let row = queries[i / dims.keyValueHeads];
  let slots = slots_of(row);
  let length = (slots + SPLITS * BLOCK - 1u) / (SPLITS * BLOCK) * BLOCK;
  let start = at * length;
  let end = min(start + length, slots);
  var part = Part(NEG_LARGE, 0.0, array<vec4f, OWNED>());
  for (var first = start; first < end; first += BLOCK) {
    let count = min(BLOCK, end - first);
    workgroupBarrier();
    for (var j = local; j < D4 * BLOCK; j += WG) {
      let slot = slot_of(row, first + min(j / D4, count - 1u));
      key[j % D4 * BLOCK + j / D4] = key_value[(2u * slot * dims.keyValueHeads + g) * D4 + j % D4];
    }
    workgroupBarrier();
    for (var j = local; j < GROUP * BLOCK; j += WG) {
      var score4 = vec4f();
      for (var d = 0u; d < D4; d++) {
        score4 = fma(query[j / BLOCK * D4 + d], key[d * BLOCK + j % BLOCK], score4);
      }
      let score = score4.x + score4.y + score4.z + score4.w;
      weight[j] = select(NEG_LARGE, score, j % BLOCK < count);
    }
    workgroupBarrier();
    if (local < GROUP) {
      let before = part.m;
      for (var j = 0u; j < BLOCK; j++) {
        part.m = max(part.m, weight[local * BLOCK + j]);
      }
      top[local] = part.m;
      keep[local] = exp(before - part.m);
      part.s *= keep[local];
    }
    workgroupBarrier();
    for (var j = local; j < GROUP * BLOCK; j += WG) {
      weight[j] = exp(weight[j] - top[j / BLOCK]);
    }
    workgroupBarrier();
    if (local < GROUP) {
      for (var j = 0u; j < BLOCK; j++) {
        part.s += weight[local * BLOCK + j];
      }
    }
    for (var o = 0u; o < OWNED; o++) { // @unroll
      let item = min(o * WG + local, GROUP * D4 - 1u);
      let h = item / D4;
      var value = part.sum[o] * keep[h];
      for (var j = 0u; j < count; j++) {
        let at = (2u * slot_of(row, first + j) + 1u) * dims.keyValueHeads + g;
        value = fma(key_value[at * D4 + item % D4], vec4f(weight[h * BLOCK + j]), value);
      }
      part.sum[o] = value;
    }
  }
  return part;
}
