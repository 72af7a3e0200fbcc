// logits_of of row_logits.wgsl by subgroups: for the ROWS rows first_row + r WG of each invocation. WG is LANES.
// Appended before shaders/lib/subgroup_products.wgsl. Sums are cut after KC inner features, as in linear_forward.

const KC = 64u;
const KC4 = KC / 4u;

fn logits_of(
  logit: ptr<function, array<f32, SUMS>>,
  first_row: u32,
  begin: u32,
  local: u32,
) {
  let inner4 = dims.inner / 4u;
  var rows: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    rows[r] = min(first_row + r * WG, dims.rows - 1u) * inner4;
  }
  var weight: array<u32, PARTS>;
  for (var p = 0u; p < PARTS; p++) { // @unroll
    weight[p] = (min(begin + p * LANES + local, dims.vocabulary - 1u) - dims.firstRow) * inner4;
  }
  for (var start = 0u; start < inner4; start += KC4) {
    // Initialised, since without a value a variable in a loop would keep what it held.
    var sum = array<f32, SUMS>();
    add_subgroup_products(&sum, rows, weight, start, min(start + KC4, inner4));
    for (var r = 0u; r < ROWS; r++) { // @unroll
      for (var f = 0u; f < FEATURES; f++) { // @unroll
        (*logit)[r * FEATURES + f] += sum[r * FEATURES + f];
      }
    }
  }
}
