import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { vectorAdapters } from './index.js';
import { runVectors, type VectorFile } from './run.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = join(process.env['TOUCHSTONE_SHARED'] ?? resolve(root, '../shared'), 'papers/vectors');

/** Keys that describe a case and leave nothing to choose, each with what the adapter does in its place. */
const descriptive: Readonly<Record<string, string>> = {
  'trl_grpo_loss.seq_advantages': 'the same numbers as `advantages`, once a response',
  'high_entropy_mask.quantile': 'interpolation is linear, as in NumPy',
  'entropy_gate.quantile': 'interpolation is linear, as in NumPy',
  'dph_step_loss.combine': 'one micro-batch of each kind, averaged',
  'lp_reg_loss.scope': 'a case is one batch',
  'self_certainty.variant': 'both variants are returned',
  'channel_process_advantage.baseline': 'one response has no baseline',
  'expected_entropy_change.noise': 'independent by action; its variance is given',
  'anytimeLoss.normaliser': 'rows times padded length',
  'capoAdvantage.std': 'population, over all tokens of the group',
  'darsLoss.normaliser': 'padded length',
  'profConsistency.centre': 'mean over the steps of the batch',
  'reinforce_loss.kl': 'k1 inside the rewards, held constant',
  'riseGae.kind': 'solutions and verifications are whitened together',
  'flow_velocity_deviation.width': 'follows from the shape of the weights',
  'flow_velocity_deviation.time_frequency_dim': 'follows from the shape of the weights',
  'anneal.shape': 'linear',
  'filter_stage1.count': 'rounded up',
};

describe.skipIf(!existsSync(folder))(`published test vectors (skipped without ${folder})`, () => {
  test.each(Object.entries(vectorAdapters))('%s', (slug, adapters) => {
    const { cases } = JSON.parse(readFileSync(join(folder, `${slug}.json`), 'utf8')) as VectorFile;
    const known = cases.filter(({ fn }) => Object.hasOwn(adapters, fn));
    expect(known.length).toBeGreaterThan(0);
    const { failures, unread } = runVectors(slug, known, adapters);
    expect(failures).toEqual([]);
    expect(unread.filter((key) => !Object.hasOwn(descriptive, key))).toEqual([]);
  });
});
