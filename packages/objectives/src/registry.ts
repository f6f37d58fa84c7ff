import type { Method, TapedObjective } from './define.js';
import { bradleyTerry } from './methods/bradley-terry.js';
import { cispo } from './methods/cispo.js';
import { clipCov } from './methods/clip-cov.js';
import { overlongShaping } from './advantages/overlong.js';
import { dynamicSampling } from './filters/dynamic-sampling.js';
import { rejection } from './filters/rejection.js';
import { klEstimators } from './terms/kl.js';
import { passAtKMetric } from './metrics/pass-at-k.js';
import { samplerCorrection } from './terms/sampler-correction.js';
import { dapo } from './methods/dapo.js';
import { dpo } from './methods/dpo.js';
import { drGrpo } from './methods/dr-grpo.js';
import { gmpo } from './methods/gmpo.js';
import { gpg } from './methods/gpg.js';
import { grpo } from './methods/grpo.js';
import { gspo } from './methods/gspo.js';
import { gspoToken } from './methods/gspo-token.js';
import { highEntropy } from './methods/high-entropy.js';
import { klCov } from './methods/kl-cov.js';
import { opo } from './methods/opo.js';
import { ppo } from './methods/ppo.js';
import { reinforce } from './methods/reinforce.js';
import { reinforcePp } from './methods/reinforce-pp.js';
import { reinforcePpBaseline } from './methods/reinforce-pp-baseline.js';
import { remax } from './methods/remax.js';
import { rloo } from './methods/rloo.js';
import { sapo } from './methods/sapo.js';
import { sft } from './methods/sft.js';
import { dphRl } from './methods/dph-rl.js';
import { rlPlus } from './methods/rl-plus.js';
import { sspo } from './methods/sspo.js';
import { dhpo } from './methods/dhpo.js';
import { lpReg } from './methods/lp-reg.js';
import { steer } from './methods/steer.js';
import { earl } from './methods/earl.js';
import { ucas } from './methods/ucas.js';
import { noisyRewards } from './methods/noisy-rewards.js';
import { clipEntropySpurious } from './methods/clip-entropy-spurious.js';
import { tempo } from './methods/tempo.js';
import { writingZero } from './methods/writing-zero.js';
import { rgrGrpo } from './methods/rgr-grpo.js';
import { anytimeReasoner } from './methods/anytime-reasoner.js';
import { capo } from './methods/capo.js';
import { rover } from './methods/rover.js';
import { sdpo } from './methods/sdpo.js';
import { ead } from './methods/ead.js';
import { dars } from './methods/dars.js';
import { prof } from './methods/prof.js';
import { pprRenorm } from './methods/ppr-renorm.js';
import { rise } from './methods/rise.js';
import { prsVspo } from './methods/prs-vspo.js';
import { verpo } from './methods/verpo.js';
import { rlfr } from './methods/rlfr.js';
import { latr } from './methods/latr.js';
import { rlir } from './methods/rlir.js';
import { crmCrf } from './methods/crm-crf.js';
import { spark } from './methods/spark.js';
import { coReward } from './methods/co-reward.js';
import { scope } from './methods/scope.js';
import { rlpr } from './methods/rlpr.js';
import { svs } from './methods/svs.js';
import { dro } from './methods/dro.js';
import { oneShotRlvr } from './methods/one-shot-rlvr.js';
import { cotPassK } from './metrics/cot-pass-k.js';
import { agentRlvr } from './methods/agent-rlvr.js';
import { raif } from './methods/raif.js';
import { goldenGoose } from './filters/difficulty.js';
import { drive } from './filters/hard-focus.js';
import { longCot } from './advantages/multi-gamma.js';
import { saga } from './metrics/test-suite.js';
import { invisibleLeash } from './metrics/support.js';
import { alphaAlign } from './advantages/returns.js';
import { rere } from './methods/rere.js';
import { cogRethinker } from './methods/cog-rethinker.js';
import { pointwiseRm } from './methods/pointwise-rm.js';
import { pathNotTaken } from './metrics/update-geometry.js';
import type { MethodName } from './names.js';
import { nearest } from './nearest.js';

/** Every method, by the name that recipes and the command line use. */
export const methods = {
  grpo,
  'dr-grpo': drGrpo,
  dapo,
  reinforce,
  rloo,
  remax,
  opo,
  gpg,
  'reinforce-pp': reinforcePp,
  'reinforce-pp-baseline': reinforcePpBaseline,
  ppo,
  gspo,
  'gspo-token': gspoToken,
  cispo,
  sapo,
  gmpo,
  'clip-cov': clipCov,
  'kl-cov': klCov,
  'high-entropy': highEntropy,
  dpo,
  'bradley-terry': bradleyTerry,
  sft,
  'pointwise-rm': pointwiseRm,
  'overlong-shaping': overlongShaping,
  'dynamic-sampling': dynamicSampling,
  'kl-estimators': klEstimators,
  'sampler-correction': samplerCorrection,
  'mismatch-rejection': rejection,
  'pass-at-k': passAtKMetric,
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
  'golden-goose': goldenGoose,
  'long-cot': longCot,
  saga,
  'invisible-leash': invisibleLeash,
  'alpha-align': alphaAlign,
  rere,
  'cog-rethinker': cogRethinker,
  'path-not-taken': pathNotTaken,
  drive,
  rlir,
  latr,
} as const satisfies Readonly<Record<MethodName, Method>>;

/** Names that `createObjective` knows. */
export type ObjectiveName = {
  [N in MethodName]: (typeof methods)[N] extends { readonly role: 'objective' } ? N : never;
}[MethodName];

export const objectiveNames: readonly ObjectiveName[] = (Object.keys(methods) as MethodName[]).filter(isObjectiveName);

/**
 * The objective of that name with the given settings over its defaults. Throws for an unknown name or setting (naming
 * the nearest known one) and for a value that the setting refuses.
 */
export function createObjective(name: string, settings: Readonly<Record<string, unknown>> = {}): TapedObjective {
  if (!isObjectiveName(name)) {
    const known = objectiveNames.join(', ');
    throw new Error(
      `createObjective: unknown objective "${name}"; did you mean ${nearest(name, objectiveNames)}? Known: ${known}`,
    );
  }
  return methods[name].create(name, settings);
}

export function isObjectiveName(name: string): name is ObjectiveName {
  return Object.hasOwn(methods, name) && methods[name as MethodName].role === 'objective';
}
