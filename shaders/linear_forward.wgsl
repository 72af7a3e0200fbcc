// y[n,f] (+)= scale (sum_k a[n,k] W[weightRow+f,k] (+ bias[weightRow+f])) (+ residual[n,f])
// a = x (FROM 0), the RMS norm of x (FROM 1), or silu(gate) up of x = [gate | up] (FROM 2)
//
// x    (rows, inner)            f32, (rows, 2 inner) where FROM is 2: columns from inColumn on of a matrix with inStride
//                               columns; all multiples of 4
// w    (.., inner)              in its format, read through load_weight; its binding begins with row firstRow
// bias (..)                     f32; not used unless hasBias
// residual, y (rows, features)  f32: columns from outColumn on of matrices with outCols columns
//                               add 0: y is overwritten, 1: added to, 2: overwritten with the residual added
// norm (inner)                  f32; not used unless FROM is 1
//
// READS says which of y and residual a pipeline reads, even if it does not add it: 0 none, 1 y, 2 residual (add is 2),
// 3 both (add is 1 or 2).
//
// Dispatch (ceil(features / WG), ceil(rows / TM), 1), once for each KC inner features from `start` on. A workgroup
// owns TM rows x WG features; an invocation owns one feature. The sum over k is a sum of slices of KC / SLICES, in one
// order, whatever TM, KC and WG; later slices of a dispatch are added to y.
// Trips per invocation: FILLS = TM KC / 4 / WG to fill the tile, TM KC / 4 where loops are kept, inner / 4 for a norm.
// Workgroup memory: 4 TM KC + 16 SCALES bytes; SCALES is TM where FROM is 1, else 0.
// The loops marked @unroll are unrolled for adapters that run on a CPU: there, only straight-line code reads
// workgroup memory at constant addresses without a test for each lane. For the same reason constants replace `if`s
// where they can: EXACT is 1 if the workgroups cover the features without a rest.
// Reference: src/reference/dense.ts linearForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  firstRow: u32,
  hasBias: u32,
  start: u32,
  eps: f32,
  inStride: u32,
  inColumn: u32,
  outColumn: u32,
  scale: f32,
  add: u32,
}

const TM = 16u;
const KC = 64u;
const KC4 = KC / 4u;
const SLICES = 1u;
const SLICE4 = 16u;
const WG = 64u;
const FILLS = 4u;
const READS = 0u;
const FROM = 0u;
const SCALES = 0u;
const EXACT = 0u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

// The tile, then the scale of each of its rows if FROM is 1.
var<workgroup> tile: array<vec4f, TM * KC4 + SCALES>;

// scale_of and input_of have the bits of rmsnorm_forward and swiglu_forward.
fn scale_of(start: u32, inner4: u32) -> f32 {
  var squares = vec4f();
  for (var c = 0u; c < inner4; c++) {
    let value = x[start + c];
    squares = fma(value, value, squares);
  }
  let mean = (squares.x + squares.y + squares.z + squares.w) / f32(dims.inner);
  return 1.0 / sqrt(mean + dims.eps);
}

fn input_of(start: u32, k: u32, inner4: u32, row: u32) -> vec4f {
  var value: vec4f;
  if (FROM == 2u) {
    let g = x[start + k];
    value = g / (1.0 + exp(min(-g, vec4f(80.0)))) * x[start + inner4 + k];
  } else if (FROM == 1u) {
    value = x[start + k] * tile[TM * KC4 + row].x * norm[k];
  } else {
    value = x[start + k];
  }
  return value;
}

// A function, so that a compiler reads these products once; drivers inline it.
fn add_products(sum: ptr<function, array<f32, TM>>, b: vec4f, k: u32) {
  for (var i = 0u; i < TM; i++) { // @unroll
    let a = tile[i * KC4 + k];
    (*sum)[i] += dot(a, b);
  }
}

@compute @workgroup_size(WG)
fn linear_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * TM;
  let last = dims.rows - 1u;
  let inner4 = dims.inner / 4u;
  let start4 = dims.start / 4u;
  if (FROM == 1u) {
    for (var i = local; i < TM; i += WG) {
      let start = (min(n0 + i, last) * dims.inStride + dims.inColumn) / 4u;
      tile[TM * KC4 + i] = vec4f(scale_of(start, inner4));
    }
    workgroupBarrier();
  }
  // Rows past the last repeat the last one; inner features past the last are 0.
  for (var p = 0u; p < FILLS; p++) { // @unroll
    let i = p * WG + local;
    let k = start4 + i % KC4;
    let start = (min(n0 + i / KC4, last) * dims.inStride + dims.inColumn) / 4u;
    let value = input_of(start, min(k, inner4 - 1u), inner4, min(i / KC4, TM - 1u));
    if (TM * KC4 % WG == 0u || i < TM * KC4) {
      tile[i] = select(vec4f(), value, k < inner4);
    }
  }
  workgroupBarrier();

  let f = workgroup_id.x * WG + local;
  // Lanes past the last feature compute it again and store nothing.
  let weight = (dims.weightRow - dims.firstRow + min(f, dims.features - 1u)) * inner4 + start4;
  let has_bias = dims.hasBias == 1u && dims.start == 0u;
  let first = select(0.0, bias[dims.weightRow + min(f, dims.features - 1u)], has_bias);
  for (var s = 0u; s < SLICES; s++) { // @unroll
    var sum: array<f32, TM>;
    for (var i = 0u; i < TM; i++) { // @unroll
      sum[i] = select(0.0, first, s == 0u);
    }
    for (var k = 0u; k < SLICE4; k++) { // @unroll
      add_products(&sum, load_weight(weight + (s * SLICE4 + k)), (s * SLICE4 + k));
    }
    if (EXACT == 1u || f < dims.features) {
      for (var i = 0u; i < TM; i++) { // @unroll
        let at = min(n0 + i, last) * dims.outCols + dims.outColumn + f;
        let value = dims.scale * sum[i];
        // The last row must be added to once, not again by the rows past it.
        let once = select(0.0, value, n0 + i <= last);
        if (s > 0u) {
          y[at] += once;
        } else if (READS == 0u) {
          y[at] = value;
        } else if (READS == 1u) {
          y[at] = select(value, y[at] + once, dims.add == 1u);
        } else if (READS == 2u) {
          y[at] = residual[at] + value;
        } else {
          let sums = y[at] + once;
          y[at] = select(residual[at] + value, sums, dims.add == 1u);
        }
      }
    }
  }
}
