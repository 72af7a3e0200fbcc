// g = gradient gradientScale;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
// w = w (1 - lr decay) - lr (m / c1) / (sqrt(v / c2) + eps)        (Loshchilov & Hutter 2019)
//
// gradient, w, m, v (elements) f32; w, m, v in place. c1 = 1 - b1^t, c2 = 1 - b2^t come from the host in f64.
// decay is weightDecay, which the program sets to 0 for parameters that do not decay.
// Dispatch ceil(elements / WG); an invocation owns an element. No loops.
// Reference: src/reference/update.ts adamwUpdate. Test: tests/shaders/update_test.ts.
struct Dims {
  elements: u32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  weightDecay: f32,
  learningRate: f32,
  gradientScale: f32,
  correction1: f32,
  correction2: f32,
}

override WG: u32 = 64u;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(WG)
fn adamw_update(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = flat_index(workgroup_id, local, WG);
  if (i >= dims.elements) {
    return;
  }
  let g = gradient[i] * dims.gradientScale;
  let first = dims.beta1 * m[i] + (1.0 - dims.beta1) * g;
  let second = dims.beta2 * v[i] + (1.0 - dims.beta2) * g * g;
  m[i] = first;
  v[i] = second;
  let step = first / dims.correction1 / (sqrt(second / dims.correction2) + dims.eps);
  w[i] = w[i] * (1.0 - dims.learningRate * dims.weightDecay) - dims.learningRate * step;
}
