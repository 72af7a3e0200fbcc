import type { Rope } from "./architecture.ts";

/**
 * Angle per position step of each rotated pair, (D/2): base^(-2i/D). Llama 3's scaling stretches long wavelengths by
 * `factor`, keeps short ones and blends those between (transformers, modeling_rope_utils).
 */
export function ropeFrequencies(rope: Rope, headDim: number): Float64Array {
  const pairs = headDim / 2;
  return Float64Array.from({ length: pairs }, (_, i) => {
    const frequency = rope.base ** (-i / pairs);
    return rope.scaling === null ? frequency : stretch(frequency, rope.scaling);
  });
}

function stretch(frequency: number, scaling: NonNullable<Rope["scaling"]>): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalPositions } = scaling;
  const wavelength = 2 * Math.PI / frequency;
  if (wavelength < originalPositions / highFrequencyFactor) return frequency;
  if (wavelength > originalPositions / lowFrequencyFactor) return frequency / factor;
  const smooth = (originalPositions / wavelength - lowFrequencyFactor) /
    (highFrequencyFactor - lowFrequencyFactor);
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

/** Cosines then sines of each position, (positions, D), computed in float64. */
export function ropeTable(rope: Rope, headDim: number, positions: number): Float64Array {
  const frequencies = ropeFrequencies(rope, headDim);
  const table = new Float64Array(positions * headDim);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < headDim / 2; i++) {
      table[p * headDim + i] = Math.cos(p * frequencies[i]!);
      table[p * headDim + headDim / 2 + i] = Math.sin(p * frequencies[i]!);
    }
  }
  return table;
}
