// Sums of few rows, for GPUs: a thread for each slice of 4 SLICE4 inner features of a feature's sum. A workgroup sums
// FEATURES features for ROWS rows, LANES slices of a feature at a time, KC4 groups of four inner features at a step: what
// a step reads of x and of the weight passes through workgroup memory, so that neighbours read neighbouring words. Then
// the invocation that owns an output adds the slices in order, as linear_tile_forward does: a row has the same bits
// whatever the number of rows. Kernels declare x, norm, dims, the constants of linear_slice_forward, start_of (where a row
// of x begins) and weight_at (a vector of the weight that `source` names). Workgroup memory: 16 TILE + 4 ROWS bytes.

// At a step ROWS LANES KC4 vectors of x, then WG KC4 of the weight; between the steps parts of sums, four to a vector.
var<workgroup> tile: array<vec4f, TILE>;
var<workgroup> scales: array<f32, ROWS>;

// The scale of each row, in the order of rmsnorm_row_forward; as many rows at a time as the tile holds. Each invocation
// writes vectors of its own: a store to a component may write the whole vector.
fn scale_rows(n0: u32, local: u32) {
  for (var first = 0u; first < ROWS; first += SQUARED_ROWS) {
    let end = min(first + SQUARED_ROWS, ROWS);
    workgroupBarrier();
    for (var i = local; i < (end - first) * SQUARES; i += WG) {
      let start = start_of(n0 + first + i / SQUARES);
      var squares = vec4f();
      for (var c = i % SQUARES; c < dims.inner / 4u; c += SQUARES) {
        squares = fma(x[start + c], x[start + c], squares);
      }
      tile[i] = squares;
    }
    workgroupBarrier();
    for (var r = first + local; r < end; r += WG) {
      var sum = 0.0;
      for (var i = 0u; i < SQUARES; i++) {
        let squares = tile[(r - first) * SQUARES + i];
        sum += squares.x + squares.y + squares.z + squares.w;
      }
      scales[r] = 1.0 / sqrt(sum / f32(dims.inner) + dims.eps);
    }
  }
}

fn input_of(start: u32, k: u32, row: u32) -> vec4f {
  var value = x[start + k];
  if (FROM == 1u) {
    value = value * scales[row] * norm[k];
  } else if (FROM == 2u) {
    value = value / (1.0 + exp(min(-value, vec4f(80.0)))) * x[start + dims.inner / 4u + k];
  }
  return value;
}

// Adds scale (a wᵀ + own_bias) of rows from n0 on and of the weight's rows from w0 on to what each invocation owns:
// feature (j WG + local) % FEATURES of row (j WG + local) / FEATURES. Features past the last one repeat it.
fn add_slices(
  total: ptr<function, array<f32, OWNED>>,
  n0: u32,
  source: u32,
  w0: u32,
  last: u32,
  own_bias: f32,
  scale: f32,
  local: u32,
) {
  let inner4 = dims.inner / 4u;
  let lane = local / FEATURES;
  for (var slice = 0u; slice * SLICE4 < inner4; slice += LANES) {
    let first = select(0.0, own_bias, slice + lane == 0u);
    var sum: array<f32, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // @unroll
      sum[r] = first;
    }
    for (var step = 0u; step < min(SLICE4, inner4); step += KC4) {
      workgroupBarrier();
      for (var i = local; i < ROWS * LANES * KC4; i += WG) {
        let of_lane = i / KC4 % LANES;
        let k = (slice + of_lane) * SLICE4 + step + i % KC4;
        let row = i / KC4 / LANES;
        let value = input_of(start_of(n0 + row), min(k, inner4 - 1u), row);
        tile[(row * KC4 + i % KC4) * LANES + of_lane] = select(vec4f(), value, k < inner4);
      }
      for (var i = local; i < WG * KC4; i += WG) {
        let of_lane = i / KC4 % LANES;
        let feature = i / KC4 / LANES;
        let k = min((slice + of_lane) * SLICE4 + step + i % KC4, inner4 - 1u);
        let value = weight_at(source, (w0 + min(feature, last)) * inner4 + k);
        tile[ROWS * LANES * KC4 + i % KC4 * WG + of_lane * FEATURES + feature] = value;
      }
      workgroupBarrier();
      for (var k = 0u; k < KC4; k++) { // @unroll
        let b = tile[ROWS * LANES * KC4 + k * WG + local];
        for (var r = 0u; r < ROWS; r++) { // @unroll
          sum[r] += dot(tile[(r * KC4 + k) * LANES + lane], b);
        }
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < ROWS; r++) { // @unroll
      tile[r / 4u * WG + local][r % 4u] = sum[r];
    }
    workgroupBarrier();
    for (var j = 0u; j < OWNED; j++) { // @unroll
      let item = min(j * WG + local, ROWS * FEATURES - 1u);
      let row = item / FEATURES;
      for (var part = 0u; part < LANES; part++) {
        let value = tile[row / 4u * WG + part * FEATURES + item % FEATURES][row % 4u];
        (*total)[j] += scale * value;
      }
    }
  }
}
