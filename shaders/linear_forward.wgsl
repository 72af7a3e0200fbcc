// y[n,f] (+)= sum_k x[n,k] W[weightRow+f,k] (+ bias[f])
//
// x    (rows, inner)            f32, row-major, inner a multiple of 4
// w    (.., inner)              stored as FORMAT says, read through load_weight
// bias (features)               f32; not read unless hasBias
// y    (rows, outCols)          f32; overwritten, or added to when accumulate is 1 or the launch is not the first
//
// Dispatch (ceil(features / WG), ceil(rows / TM), 1), once for each KC inner features from `start` on. A workgroup
// owns TM rows x WG features; an invocation owns one feature. The sum over k has one order, whatever TM and WG.
// Trips per invocation: TM KC / 4 / WG to fill the tile, and TM KC / 4 where loops are kept.
// Workgroup memory: 4 TM KC bytes.
// The loops marked @unroll are written out for adapters that run on a CPU: there, only straight-line code reads
// workgroup memory at constant addresses without a test for each lane.
// Reference: src/reference/dense.ts linearForward. Test: tests/shaders/linear_test.ts.
struct Dims {
  rows: u32,
  inner: u32,
  features: u32,
  outCols: u32,
  weightRow: u32,
  hasBias: u32,
  accumulate: u32,
  start: u32,
}

const TM = 16u;
const KC = 64u;
const KC4 = KC / 4u;
override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> w: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> tile: array<vec4f, TM * KC4>;

@compute @workgroup_size(WG)
fn linear_forward(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let n0 = workgroup_id.y * TM;
  let inner4 = dims.inner / 4u;
  let start4 = dims.start / 4u;
  for (var i = local; i < TM * KC4; i += WG) {
    let row = n0 + i / KC4;
    let k = start4 + i % KC4;
    if (row < dims.rows && k < inner4) {
      tile[i] = x[row * inner4 + k];
    } else {
      tile[i] = vec4f();
    }
  }
  workgroupBarrier();

  let f = workgroup_id.x * WG + local;
  // Lanes past the last feature compute it again and store nothing.
  let weight = (dims.weightRow + min(f, dims.features - 1u)) * inner4 + start4;
  var first = 0.0;
  if (dims.hasBias == 1u && dims.start == 0u) {
    first = bias[min(f, dims.features - 1u)];
  }
  var sum: array<f32, TM>;
  for (var i = 0u; i < TM; i++) { // @unroll
    sum[i] = first;
  }
  for (var k = 0u; k < KC4; k++) { // @unroll
    let b = load_weight(weight + k);
    for (var i = 0u; i < TM; i++) { // @unroll
      let a = tile[i * KC4 + k];
      sum[i] += dot(a, b);
    }
  }
  let add = dims.accumulate == 1u || dims.start > 0u;
  let live = f < dims.features;
  for (var i = 0u; i < TM; i++) { // @unroll
    if (live && n0 + i < dims.rows) {
      let at = (n0 + i) * dims.outCols + f;
      if (add) {
        y[at] += sum[i];
      } else {
        y[at] = sum[i];
      }
    }
  }
}
