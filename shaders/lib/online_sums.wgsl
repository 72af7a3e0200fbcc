// (m, s, t, z) of some logits x: m = max x, s = sum exp(x - m), t = sum x exp(x - m), z = x of the target or NEG_LARGE.
const NEG_LARGE = -3.4028234e38;
const NO_LOGITS = vec4f(NEG_LARGE, 0.0, 0.0, NEG_LARGE);

fn largest(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

// The state with four more logits; NEG_LARGE stands for none, is_target says which one is the target's.
fn with_logits(state: vec4f, x: vec4f, is_target: vec4<bool>) -> vec4f {
  let m = max(state.x, largest(x));
  let keep = exp(state.x - m);
  let weight = select(exp(x - m), vec4f(), x <= vec4f(NEG_LARGE));
  let s = (weight.x + weight.y) + (weight.z + weight.w);
  let t = (x.x * weight.x + x.y * weight.y) + (x.z * weight.z + x.w * weight.w);
  let z = largest(select(vec4f(NEG_LARGE), x, is_target));
  return vec4f(m, state.y * keep + s, state.z * keep + t, max(state.w, z));
}

// The state of the logits of both; z is of the second if that has the target.
fn joined(a: vec4f, b: vec4f) -> vec4f {
  let m = max(a.x, b.x);
  let left = exp(a.x - m);
  let right = exp(b.x - m);
  return vec4f(m, a.y * left + b.y * right, a.z * left + b.z * right, select(a.w, b.w, b.w > NEG_LARGE));
}
