// (*sum)[r FEATURES + f] += sum_k x[r,k] W[f,k] for the ROWS rows of each invocation and FEATURES rows of the weight, in the
// order of linear_forward; k runs over groups of four inner features, from `start` up to `end`.
//
// For CPUs, whose drivers run a subgroup in one SIMD register: an invocation reads PARTS = FEATURES / LANES rows of the
// weight, and the others get them from its registers. Nothing passes through workgroup memory, which a loop would read
// lane by lane. With four rows and 64 features, a lane reads 8 texels for 1,024 products.
// An invocation reads x[rows[r] + k], and rows p LANES + its lane of the weight as load_weight(weight[p] + k).
// Kernels declare the bindings x and w, FEATURES, ROWS and SUMS.

const LANES = 16u;
const PARTS = 2u;

fn add_subgroup_products(
  sum: ptr<function, array<f32, SUMS>>,
  rows: array<u32, ROWS>,
  weight: array<u32, PARTS>,
  start: u32,
  end: u32,
) {
  for (var k = start; k < end; k++) {
    var part: array<vec4f, PARTS>;
    for (var p = 0u; p < PARTS; p++) { // @unroll
      part[p] = load_weight(weight[p] + k);
    }
    var a: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // @unroll
      a[r] = x[rows[r] + k];
    }
    for (var f = 0u; f < FEATURES; f++) { // @unroll
      let b = subgroupBroadcast(part[f / LANES], f % LANES);
      for (var r = 0u; r < ROWS; r++) { // @unroll
        (*sum)[r * FEATURES + f] += dot(a[r], b);
      }
    }
  }
}
