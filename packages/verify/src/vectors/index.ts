import type { SlugAdapters } from './adapter.js';
import { codevR1 } from './codev-r1.js';
import { crossDomainRm, hallucination, oneTokenJudge, rlbff, rmNlhf, spct, trm, verifybench } from './judges.js';
import { loong } from './loong.js';
import { crossthink, guru, longCot, multiDomain } from './reasoning.js';
import { sgp } from './pictures.js';
import { verifierPitfalls } from './verifier-pitfalls.js';
import {
  alphaAlign,
  causalTestbed,
  contentModeration,
  goldenGoose,
  medsamAgent,
  perceptionR1,
  pretrainZero,
  prsVspo,
  rewatchR1,
  rlir,
  rlpt,
  rlver,
} from './tasks.js';
import { clsRl, kgReward, raif, rlvrr, ssl4rl, toolEnvs, vmr } from './text-rewards.js';
import { pprRenorm, rise } from './ratings.js';

/** Implementations behind the test vectors: card slug, then the name of the case's function. */
export const vectorAdapters: Readonly<Record<string, SlugAdapters>> = {
  'alpha-align': alphaAlign,
  'causal-testbed': causalTestbed,
  'cls-rl': clsRl,
  'codev-r1': codevR1,
  'content-moderation': contentModeration,
  'cross-domain-rm': crossDomainRm,
  crossthink,
  'golden-goose': goldenGoose,
  guru,
  hallucination,
  'kg-reward': kgReward,
  'long-cot': longCot,
  loong,
  'medsam-agent': medsamAgent,
  'multi-domain': multiDomain,
  'one-token-judge': oneTokenJudge,
  'perception-r1': perceptionR1,
  'pretrain-zero': pretrainZero,
  'ppr-renorm': pprRenorm,
  'prs-vspo': prsVspo,
  raif,
  'rewatch-r1': rewatchR1,
  rise,
  rlir,
  rlbff,
  rlpt,
  rlver,
  rlvrr,
  'rm-nlhf': rmNlhf,
  sgp,
  spct,
  ssl4rl,
  'tool-envs': toolEnvs,
  trm,
  verifybench,
  vmr,
  'verifier-pitfalls': verifierPitfalls,
};
