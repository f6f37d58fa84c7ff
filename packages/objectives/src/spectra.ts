export { spectralGeometry, weightMasks, type SpectralGeometry, type WeightMasks } from './metrics/spectra.js';
