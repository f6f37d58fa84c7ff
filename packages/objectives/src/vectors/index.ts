import type { SlugAdapters } from './adapter.js';
import { baselines } from './baselines.js';
import { dphRl } from './dph-rl.js';
import { rlPlus } from './rl-plus.js';
import { sspo } from './sspo.js';
import { dhpo } from './dhpo.js';
import { lpReg } from './lp-reg.js';
import { steer } from './steer.js';
import { earl } from './earl.js';
import { ucas } from './ucas.js';
import { noisyRewards } from './noisy-rewards.js';
import { clipEntropySpurious } from './clip-entropy-spurious.js';
import { tempo } from './tempo.js';
import { writingZero } from './writing-zero.js';
import { rgrGrpo } from './rgr-grpo.js';
import { anytimeReasoner } from './anytime-reasoner.js';
import { capo } from './capo.js';
import { rover } from './rover.js';
import { sdpo } from './sdpo.js';
import { ead } from './ead.js';
import { dars } from './dars.js';
import { prof } from './prof.js';
import { pprRenorm } from './ppr-renorm.js';
import { rise } from './rise.js';
import { prsVspo } from './prs-vspo.js';
import { verpo } from './verpo.js';
import { rlfr } from './rlfr.js';
import { latr } from './latr.js';
import { rlir } from './rlir.js';
import { crmCrf } from './crm-crf.js';
import { spark } from './spark.js';
import { coReward } from './co-reward.js';
import { scope } from './scope.js';
import { rlpr } from './rlpr.js';
import { svs } from './svs.js';
import { dro } from './dro.js';
import { oneShotRlvr } from './one-shot-rlvr.js';
import { cotPassK } from './cot-pass-k.js';
import { agentRlvr } from './agent-rlvr.js';
import { raif } from './raif.js';
import { alphaAlign } from './alpha-align.js';
import { drive } from './drive.js';
import { codevR1, sgp } from './execution-cards.js';
import { goldenGoose } from './golden-goose.js';
import { longCot } from './long-cot.js';
import { saga } from './saga.js';
import { contentModeration, rlpt, rlvrr, vmr } from './group-advantages.js';
import { invisibleLeash } from './invisible-leash.js';
import { clsRl, rere } from './rere.js';
import { cogRethinker } from './cog-rethinker.js';
import { pathNotTaken } from './path-not-taken.js';
import { crossDomainRm, rlbff, rmNlhf, spct, trm } from './judge-losses.js';
import type { VectorSlug } from '../names.js';

/** Implementations behind the test vectors: card slug, then the name of the case's function. */
export const vectorAdapters = {
  baselines,
  'dph-rl': dphRl,
  'rl-plus': rlPlus,
  sspo,
  dhpo,
  'lp-reg': lpReg,
  steer,
  earl,
  ucas,
  'noisy-rewards': noisyRewards,
  'clip-entropy-spurious': clipEntropySpurious,
  tempo,
  'anytime-reasoner': anytimeReasoner,
  capo,
  rover,
  sdpo,
  ead,
  dars,
  prof,
  'ppr-renorm': pprRenorm,
  rise,
  'prs-vspo': prsVspo,
  verpo,
  'writing-zero': writingZero,
  'rgr-grpo': rgrGrpo,
  rlfr,
  'crm-crf': crmCrf,
  spark,
  'co-reward': coReward,
  scope,
  rlpr,
  svs,
  dro,
  'one-shot-rlvr': oneShotRlvr,
  'cot-pass-k': cotPassK,
  'agent-rlvr': agentRlvr,
  raif,
  'alpha-align': alphaAlign,
  'golden-goose': goldenGoose,
  'long-cot': longCot,
  saga,
  'content-moderation': contentModeration,
  rlpt,
  rlvrr,
  vmr,
  'invisible-leash': invisibleLeash,
  rere,
  'cog-rethinker': cogRethinker,
  'path-not-taken': pathNotTaken,
  'cls-rl': clsRl,
  'cross-domain-rm': crossDomainRm,
  rlbff,
  'rm-nlhf': rmNlhf,
  spct,
  trm,
  drive,
  rlir,
  latr,
  'codev-r1': codevR1,
  sgp,
} as const satisfies Readonly<Record<VectorSlug, SlugAdapters>>;
