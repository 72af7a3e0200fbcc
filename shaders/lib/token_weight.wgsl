// The weight with which a token is drawn, beside the largest of its row. Kernels declare dims.maskedScale.

const NEG_LARGE = -3.4028234e38;

fn weight_of(value: f32, top: f32) -> f32 {
  return select(exp((value - top) * dims.maskedScale), 0.0, value <= NEG_LARGE);
}
