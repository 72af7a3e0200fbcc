// masked = tempered logits, dropped tokens at NEG_LARGE: repetition penalty, temperature, top-k, top-p, min-p in turn.
// x = (seen ? (l > 0 ? l / penalty : l penalty) : l) inverseTemperature
// top-k keeps x >= the k-th largest. top-p drops the smallest while their summed probability stays <= 1 - topP, but
// never all tokens, and of equal ones the first in token order. min-p drops x with exp(x - max) < minP.
//
// logits (rows, cols) f32     seen (rows, ceil(cols / 32)) u32 bits     masked (rows, cols) f32, overwritten
// Cuts are found by bisection on the bits of x in 32 rounds, without a sort. penalty 1, topK 0, topP 1, minP 0: off.
// Dispatch rows workgroups of WG. Trips: about 70 (cols / WG + WG). Workgroup memory: 4 WG bytes.
// Reference: src/reference/sampling.ts samplingMask. Test: tests/shaders/sampling_test.ts.
struct Dims {
  rows: u32,
  cols: u32,
  inverseTemperature: f32,
  penalty: f32,
  topK: u32,
  topP: f32,
  minP: f32,
}

const WG = 64u;
const NEG_LARGE = -3.4028234e38;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> seen: array<u32>;
@group(0) @binding(3) var<storage, read_write> masked: array<f32>;

var<workgroup> sums: array<f32, WG>;

// Monotone map of floats to u32.
fn order_key(x: f32) -> u32 {
  // The two zeros are equal, so that a tie of them is kept or cut together.
  let bits = select(bitcast<u32>(x), 0u, x == 0.0);
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn total(local: u32, part: f32) -> f32 {
  sums[local] = part;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < WG; i++) {
    sum += sums[i];
  }
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(WG)
fn sampling_mask(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n = workgroup_id.y * GRID_X + workgroup_id.x;
  let row = select(0u, n, n < dims.rows) * dims.cols;
  let words = (dims.cols + 31u) / 32u;
  let live = n < dims.rows;
  var top = NEG_LARGE;
  for (var c = local; c < dims.cols; c += WG) {
    var x = logits[row + c];
    let bit = (seen[select(0u, n, live) * words + c / 32u] >> (c % 32u)) & 1u;
    if (bit == 1u) {
      x = select(x * dims.penalty, x / dims.penalty, x > 0.0);
    }
    x *= dims.inverseTemperature;
    top = max(top, x);
    if (live) {
      masked[row + c] = x;
    }
  }
  sums[local] = top;
  workgroupBarrier();
  for (var i = 0u; i < WG; i++) {
    top = max(top, sums[i]);
  }
  workgroupBarrier();
  keep_top_k(local, row, live);
  keep_top_p(local, row, live, top);
  for (var c = local; c < dims.cols; c += WG) {
    if (live && exp(masked[row + c] - top) < dims.minP) {
      masked[row + c] = NEG_LARGE;
    }
  }
}

// The largest key with at least topK keys at or above it is the key of the k-th largest.
fn keep_top_k(local: u32, row: u32, live: bool) {
  let k = select(dims.topK, dims.cols, dims.topK == 0u || dims.topK > dims.cols);
  var cut = 0u;
  for (var bit = 32u; bit > 0u; bit--) {
    let trial = cut | (1u << (bit - 1u));
    var count = 0.0;
    for (var c = local; c < dims.cols; c += WG) {
      count += select(0.0, 1.0, order_key(masked[row + c]) >= trial);
    }
    if (total(local, count) >= f32(k)) {
      cut = trial;
    }
  }
  for (var c = local; c < dims.cols; c += WG) {
    if (live && order_key(masked[row + c]) < cut) {
      masked[row + c] = NEG_LARGE;
    }
  }
  storageBarrier();
}

// Drops all tokens below the cut, and as many at the cut as the budget allows, but never all tokens.
fn keep_top_p(local: u32, row: u32, live: bool, top: f32) {
  var part = 0.0;
  for (var c = local; c < dims.cols; c += WG) {
    part += exp(masked[row + c] - top);
  }
  let budget = (1.0 - dims.topP) * total(local, part);
  var cut = 0u;
  for (var bit = 32u; bit > 0u; bit--) {
    let trial = cut | (1u << (bit - 1u));
    var below = 0.0;
    for (var c = local; c < dims.cols; c += WG) {
      let x = masked[row + c];
      below += select(0.0, exp(x - top), order_key(x) < trial);
    }
    if (total(local, below) <= budget) {
      cut = trial;
    }
  }
  cut = min(cut, order_key(top));
  var below = 0.0;
  var ties = 0.0;
  var value = 0.0;
  for (var c = local; c < dims.cols; c += WG) {
    let x = masked[row + c];
    below += select(0.0, exp(x - top), order_key(x) < cut);
    ties += select(0.0, 1.0, order_key(x) == cut);
    value = max(value, select(0.0, exp(x - top), order_key(x) == cut));
  }
  let dropped = total(local, below);
  let count = total(local, ties);
  sums[local] = value;
  workgroupBarrier();
  for (var i = 0u; i < WG; i++) {
    value = max(value, sums[i]);
  }
  workgroupBarrier();
  let room = max(budget - dropped, 0.0);
  let most = select(count, count - 1.0, cut == order_key(top));
  let spare = select(0.0, min(floor(room / value), most), value > 0.0 && dims.topP < 1.0);
  if (local == 0u && live && dims.topP < 1.0) {
    var left = u32(spare);
    for (var c = 0u; c < dims.cols && left > 0u; c++) {
      if (order_key(masked[row + c]) == cut) {
        masked[row + c] = NEG_LARGE;
        left--;
      }
    }
  }
  storageBarrier();
  workgroupBarrier();
  for (var c = local; c < dims.cols; c += WG) {
    if (live && dims.topP < 1.0 && order_key(masked[row + c]) < cut) {
      masked[row + c] = NEG_LARGE;
    }
  }
  workgroupBarrier();
}
