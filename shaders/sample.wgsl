// Draws the next token of each living row by inverse CDF, tests for a stop, and advances the row's state.
//
// masked (rows, cols) f32 weights exp(masked maskedScale) up to a factor; NEG_LARGE is never drawn
// logits (rows, cols) f32     statistics (rows) of vec4f (m, s, ..) of softmax(logits inverseTemperature)
// ids, positions (rows) u32   queries (Q) of vec4u, slot in w   status (rows) of 8 u32 [alive, produced, limit, key, key, ..]
// sampled (rows, 2 messageTokens) u32: pairs [token, bits of its log-prob]; all five are updated in place
// u = uniform(key, produced): a draw depends on the row's key and how many tokens it has, on nothing else.
// greedy 1 takes the largest, the first of equals.
// Dispatch rows workgroups of WG = 64; an invocation owns ceil(cols / 64) neighbouring tokens. Trips: 4 cols / 64 + 64.
// Workgroup memory: 1 KiB. Reference: src/reference/sampling.ts sample. Test: tests/shaders/sampling_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
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

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> masked: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> ids: array<u32>;
@group(0) @binding(5) var<storage, read_write> positions: array<u32>;
@group(0) @binding(6) var<storage, read_write> queries: array<vec4u>;
@group(0) @binding(7) var<storage, read_write> status: array<u32>;
@group(0) @binding(8) var<storage, read_write> sampled: array<u32>;

var<workgroup> largest: array<f32, WG>;
var<workgroup> place: array<u32, WG>;
var<workgroup> mass: array<f32, WG>;

@compute @workgroup_size(WG)
fn sample(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = workgroup_id.y * GRID_X + workgroup_id.x;
  // The last workgroups of a folded grid repeat row 0 and store nothing, so that barriers stay uniform.
  let row = select(0u, n, n < dims.rows) * dims.cols;
  let width = (dims.cols + WG - 1u) / WG;
  let first = min(local * width, dims.cols);
  let end = min(first + width, dims.cols);
  var best = NEG_LARGE;
  var at = first;
  for (var c = first; c < end; c++) {
    let value = masked[row + c];
    if (value > best) {
      best = value;
      at = c;
    }
  }
  largest[local] = best;
  place[local] = at;
  workgroupBarrier();
  var top = largest[0];
  var top_at = place[0];
  for (var i = 1u; i < WG; i++) {
    if (largest[i] > top) {
      top = largest[i];
      top_at = place[i];
    }
  }
  var sum = 0.0;
  for (var c = first; c < end; c++) {
    sum += weight_of(masked[row + c], top);
  }
  mass[local] = sum;
  workgroupBarrier();
  if (local != 0u || n >= dims.rows || status[n * 8u] == 0u) {
    return;
  }
  let produced = status[n * 8u + 1u];
  var token = top_at;
  if (dims.greedy == 0u) {
    let u = random_uniform(vec2u(status[n * 8u + 3u], status[n * 8u + 4u]), produced);
    token = draw(row, width, top, top_at, u);
  }
  advance(n, token, produced, row);
}

// The first token at which the cumulative weight passes u times the total; top_at if rounding leaves none.
fn draw(row: u32, width: u32, top: f32, top_at: u32, u: f32) -> u32 {
  var total = 0.0;
  for (var i = 0u; i < WG; i++) {
    total += mass[i];
  }
  let goal = u * total;
  var below = 0.0;
  var part = 0u;
  for (; part < WG - 1u; part++) {
    if (below + mass[part] > goal) {
      break;
    }
    below += mass[part];
  }
  var token = top_at;
  for (var c = part * width; c < min((part + 1u) * width, dims.cols); c++) {
    let weight = weight_of(masked[row + c], top);
    below += weight;
    if (weight > 0.0 && below > goal) {
      token = c;
      break;
    }
  }
  return token;
}
