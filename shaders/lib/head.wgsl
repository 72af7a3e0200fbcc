// logit[f] := sum_k x[n,k] W[begin+f,k] for FEATURES tokens and the row n of each invocation, with the bits of linear_forward.
// Stands before shaders/lib/row_products.wgsl, which says what kernels declare. Called by whole workgroups.

fn logits_of(logit: ptr<function, array<f32, FEATURES>>, n: u32, begin: u32, local: u32) {
  var sum: array<f32, FEATURES>;
  for (var f = 0u; f < FEATURES; f++) { // @unroll
    (*logit)[f] = 0.0;
    sum[f] = 0.0;
  }
  let start = n * dims.inner / 4u;
  add_row_products(logit, &sum, start, 0u, begin, dims.vocabulary - 1u, 1.0, local);
}
