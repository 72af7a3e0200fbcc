// total[f] += scale (sum[f] + sum_k x[n,k] W[begin+f,k]) for FEATURES rows of the weight and the row n of x of each
// invocation, with the bits of linear_forward: only the first slice of a sum begins with sum[f].
// Kernels declare the bindings dims, x and w, and the constants; the rows of the weight lie in workgroup memory, KC inner
// features at a time: 4 FEATURES KC bytes. Called by whole workgroups.

const KC4 = KC / 4u;

var<workgroup> tile: array<vec4f, FEATURES * KC4>;

// A function, so that a compiler reads these products once; drivers put it where it is called.
fn add_products(sum: ptr<function, array<f32, FEATURES>>, a: vec4f, k: u32) {
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    let b = tile[f * KC4 + k];
    (*sum)[f] += dot(a, b);
  }
}

// x[start] is the first of the row, `first` the first inner feature / 4; rows of the weight past `last` are the last one
// again.
fn add_row_products(
  total: ptr<function, array<f32, FEATURES>>,
  sum: ptr<function, array<f32, FEATURES>>,
  start: u32,
  first: u32,
  begin: u32,
  last: u32,
  scale: f32,
  local: u32,
) {
  let inner4 = dims.inner / 4u;
  for (var c = 0u; c < CHUNKS; c++) { // @unroll
    workgroupBarrier();
    for (var p = 0u; p < FILLS; p++) { // @unroll
      let i = p * WG + local;
      let k = first + c * KC4 + i % KC4;
      let row = min(begin + i / KC4, last) - dims.firstRow;
      let value = load_weight(row * inner4 + min(k, inner4 - 1u));
      if (FEATURES * KC4 % WG == 0u || i < FEATURES * KC4) {
        tile[i] = select(vec4f(), value, k < inner4);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < KC4; k++) { // @unroll
      add_products(sum, x[start + min(first + c * KC4 + k, inner4 - 1u)], k);
    }
    // Sums are cut into slices as those of linear_forward are.
    let is_end = (c + 1u) % SLICE == 0u;
    for (var f = 0u; f < FEATURES; f++) { // @unroll
      (*total)[f] += select(0.0, scale * (*sum)[f], is_end);
      (*sum)[f] = select((*sum)[f], 0.0, is_end);
    }
  }
}
