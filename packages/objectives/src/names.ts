/**
 * The names of all methods, once. A name that is added here does not compile before the registry defines it (title,
 * source, kinds, summary, how recipes use it, columns) and, for `cardMethods`, before vectors/index.ts has its adapters.
 */

/** Methods with a card, and published test vectors, of their own name. */
export const cardMethods = [
  'dph-rl',
  'rl-plus',
  'sspo',
  'dhpo',
  'lp-reg',
  'steer',
  'earl',
  'ucas',
  'noisy-rewards',
  'clip-entropy-spurious',
  'tempo',
  'anytime-reasoner',
  'capo',
  'rover',
  'sdpo',
  'ead',
  'dars',
  'prof',
  'ppr-renorm',
  'rise',
  'prs-vspo',
  'verpo',
  'writing-zero',
  'rgr-grpo',
  'rlfr',
  'crm-crf',
  'spark',
  'co-reward',
  'scope',
  'rlpr',
  'svs',
  'dro',
  'one-shot-rlvr',
  'cot-pass-k',
  'agent-rlvr',
  'raif',
  'golden-goose',
  'long-cot',
  'saga',
  'invisible-leash',
  'alpha-align',
  'rere',
  'cog-rethinker',
  'path-not-taken',
  'drive',
  'rlir',
  'latr',
] as const;

/** Methods whose vectors, if any, are those of the card `baselines`. */
export const baselineMethods = [
  'grpo',
  'dr-grpo',
  'dapo',
  'reinforce',
  'rloo',
  'remax',
  'opo',
  'gpg',
  'reinforce-pp',
  'reinforce-pp-baseline',
  'ppo',
  'gspo',
  'gspo-token',
  'cispo',
  'sapo',
  'gmpo',
  'clip-cov',
  'kl-cov',
  'high-entropy',
  'dpo',
  'bradley-terry',
  'sft',
  'pointwise-rm',
  'overlong-shaping',
  'dynamic-sampling',
  'kl-estimators',
  'sampler-correction',
  'mismatch-rejection',
  'pass-at-k',
] as const;

/** Cards whose vectors run functions of this package although their method lives elsewhere. */
export const otherCards = [
  'baselines',
  'content-moderation',
  'rlpt',
  'rlvrr',
  'vmr',
  'cls-rl',
  'cross-domain-rm',
  'rlbff',
  'rm-nlhf',
  'spct',
  'trm',
  'codev-r1',
  'sgp',
] as const;

export type CardMethod = (typeof cardMethods)[number];

export type MethodName = CardMethod | (typeof baselineMethods)[number];

/** Card of test vectors. */
export type VectorSlug = CardMethod | (typeof otherCards)[number];
