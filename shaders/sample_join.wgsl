// sample for GPUs, second half: draws the token of each row from its stretches, then from the tokens of one stretch
//
// masked, logits, statistics, ids, positions, queries, status, sampled: as in sample
// partials (rows, stretches) of vec4f [largest, its token, sum, ..] of sample_parts
// Dispatch rows workgroups; an invocation owns STRETCH / WG neighbouring tokens of the stretch in which the draw falls.
// Trips: 3 stretches + STRETCH / WG + 2 WG. Workgroup memory: 256 bytes.
// Reference: src/reference/sampling.ts sample. Test: tests/shaders/sampling_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  stretches: u32,
  messageTokens: u32,
  inverseTemperature: f32,
  maskedScale: f32,
  greedy: u32,
  stop0: u32,
  stop1: u32,
  stop2: u32,
  stop3: u32,
}

const WG = 64u;
const STRETCH = 2048u;
// STRETCH / WG
const WIDTH = 32u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> ids: array<u32>;
@group(0) @binding(5) var<storage, read_write> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> queries: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> status: array<u32>;
@group(0) @binding(8) var<storage, read_write> sampled: array<u32>;
@group(0) @binding(9) var<storage, read_write> partials: array<vec4f>;

var<workgroup> mass: array<f32, WG>;

// The sum of the weights of a stretch, beside the largest of all.
fn mass_of(part: vec4f, top: f32) -> f32 {
  return part.z * weight_of(part.x, top);
}

@compute @workgroup_size(WG)
fn sample_join(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let item = workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid repeat row 0 and store nothing, so that barriers stay uniform.
  let n = select(0u, item, item < dims.rows);
  let row = n * dims.cols;
  let parts = n * dims.stretches;
  let produced = status[n * 8u + 1u];
  var best = partials[parts];
  for (var i = 1u; i < dims.stretches; i++) {
    let part = partials[parts + i];
    if (part.x > best.x) {
      best = part;
    }
  }
  let top = best.x;
  var total = 0.0;
  for (var i = 0u; i < dims.stretches; i++) {
    total += mass_of(partials[parts + i], top);
  }
  // The stretch in which the cumulative weight passes the goal, and the weight before it.
  let goal = random_uniform(vec2u(status[n * 8u + 3u], status[n * 8u + 4u]), produced) * total;
  var below = 0.0;
  var stretch = 0u;
  for (; stretch < dims.stretches - 1u; stretch++) {
    let next = below + mass_of(partials[parts + stretch], top);
    if (next > goal) {
      break;
    }
    below = next;
  }
  let first = stretch * STRETCH;
  var sum = 0.0;
  for (var c = first + local * WIDTH; c < min(first + (local + 1u) * WIDTH, dims.cols); c++) {
    sum += weight_of(masked[row + c], top);
  }
  mass[local] = sum;
  workgroupBarrier();
  if (local != 0u || item >= dims.rows || status[n * 8u] == 0u) {
    return;
  }
  var token = u32(best.y);
  if (dims.greedy == 0u) {
    token = draw(row, first, below, goal, top, token);
  }
  advance(n, token, produced, row);
}

// The first token from `first` on at which the cumulative weight, `before` to begin with, passes the goal; top_at if rounding
// leaves none.
fn draw(row: u32, first: u32, before: f32, goal: f32, top: f32, top_at: u32) -> u32 {
  var below = before;
  var part = 0u;
  for (; part < WG - 1u; part++) {
    if (below + mass[part] > goal) {
      break;
    }
    below += mass[part];
  }
  var token = top_at;
  let start = first + part * WIDTH;
  for (var c = start; c < min(start + WIDTH, dims.cols); c++) {
    let weight = weight_of(masked[row + c], top);
    below += weight;
    if (weight > 0.0 && below > goal) {
      token = c;
      break;
    }
  }
  return token;
}
