import type { Llama3RopeScaling, ModelConfig } from './config.js';

/**
 * Rotary frequencies in radians a position, one for each pair (d, d + headDim / 2) of a head: length `headDim / 2`.
 * The angle of position t is `Math.fround(t * frequency)`. Rounded to f32 step by step like transformers'
 * `modeling_rope_utils.py`, because at long positions the rounding of a frequency shows in the logits.
 */
export function ropeFrequencies(config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>): Float32Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const frequencies = new Float32Array(headDim / 2);
  for (let pair = 0; pair < frequencies.length; pair++) {
    const exponent = Math.fround((2 * pair) / headDim);
    const frequency = Math.fround(1 / Math.fround(ropeTheta ** exponent));
    frequencies[pair] = ropeScaling === null ? frequency : stretched(frequency, ropeScaling);
  }
  return frequencies;
}

/** Low frequencies are divided by `factor`, high ones kept, those between interpolated (Llama 3.1). */
function stretched(frequency: number, scaling: Llama3RopeScaling): number {
  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalContextLength / highFreqFactor) return frequency;
  if (wavelength > originalContextLength / lowFreqFactor) return frequency / factor;
  const smooth = (originalContextLength / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
