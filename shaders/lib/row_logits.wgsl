// logit[f] := sum_k x[n,k] W[begin+f,k] for FEATURES tokens and the row n = first_row of each invocation, with the bits of
// linear_forward; tokens past the vocabulary repeat the last. Kernels declare the bindings dims, x, w and the constants
// FEATURES, WG, SUMS, and ROWS, which is 1 here. The rows of the weight lie in workgroup memory, KC inner features at a time:
// 4 FEATURES KC bytes. Called by whole workgroups.

const KC = 64u;
const CHUNKS = 1u;
const SLICE = 1u;
const FILLS = 8u;
const KC4 = KC / 4u;

var<workgroup> tile: array<vec4f, FEATURES * KC4>;

// A function, so that a compiler reads these products once; drivers inline it.
fn add_products(sum: ptr<function, array<f32, FEATURES>>, a: vec4f, k: u32) {
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    let b = tile[f * KC4 + k];
    (*sum)[f] += dot(a, b);
  }
}

fn logits_of(
  logit: ptr<function, array<f32, SUMS>>,
  first_row: u32,
  begin: u32,
  local: u32,
) {
  let inner4 = dims.inner / 4u;
  let start = min(first_row, dims.rows - 1u) * inner4;
  var sum: array<f32, FEATURES>;
  for (var c = 0u; c < CHUNKS; c++) { // @unroll
    workgroupBarrier();
    for (var p = 0u; p < FILLS; p++) { // @unroll
      let i = p * WG + local;
      let k = c * KC4 + i % KC4;
      let row = min(begin + i / KC4, dims.vocabulary - 1u) - dims.firstRow;
      let value = load_weight(row * inner4 + min(k, inner4 - 1u));
      if (FEATURES * KC4 % WG == 0u || i < FEATURES * KC4) {
        tile[i] = select(vec4f(), value, k < inner4);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < KC4; k++) { // @unroll
      add_products(&sum, x[start + min(c * KC4 + k, inner4 - 1u)], k);
    }
    // Sums are cut into the same slices as in linear_forward.
    let is_end = (c + 1u) % SLICE == 0u;
    for (var f = 0u; f < FEATURES; f++) { // @unroll
      (*logit)[f] += select(0.0, sum[f], is_end);
      sum[f] = select(sum[f], 0.0, is_end);
    }
  }
}
