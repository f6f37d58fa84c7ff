import { isObjectiveName } from './registry.js';
import type { MethodName } from './names.js';

/** Where a function of this package, or of @touchstone/verify, is put in by stages of a recipe's own (a TypeScript module). */
const reward = 'a reward stage';
const strategy = 'a rollout strategy';
const curriculum = 'a curriculum';
const offline = 'after a run, from code';

/** What a method needs in a recipe beside `objective`; empty: nothing. A name without an entry does not compile. */
const beside: Readonly<Record<MethodName, string>> = {
  grpo: '',
  'dr-grpo': '',
  dapo: '`filter.rounds`, `reward.overlong`',
  reinforce: '',
  rloo: '',
  remax: '',
  opo: '',
  gpg: '',
  'reinforce-pp': '',
  'reinforce-pp-baseline': '',
  ppo: '`filter.name=none`',
  gspo: '',
  'gspo-token': '',
  cispo: '',
  sapo: '',
  gmpo: '',
  'clip-cov': '',
  'kl-cov': '',
  'high-entropy': '',
  dpo: `${strategy} that makes pairs`,
  'bradley-terry': `${strategy} that brings pairs: it trains a scalar head and not the policy`,
  sft: `${strategy} that brings demonstrations`,
  'pointwise-rm': `${strategy} that brings graded responses: it trains a scalar head and not the policy`,
  'overlong-shaping': '`reward.overlong`',
  'dynamic-sampling': '`filter.name=signal`',
  'kl-estimators': '`objective.klCoef`, `objective.klKind`',
  'sampler-correction': '`objective.samplerCorrection`',
  'mismatch-rejection': 'an objective whose `keep` calls it',
  'pass-at-k': 'in every evaluation',
  'dph-rl': `${strategy} that adds stored responses`,
  'rl-plus': `${strategy} that adds demonstrations`,
  sspo: '`objective.segmenter`',
  dhpo: '',
  'lp-reg': '',
  steer: '',
  earl: `${reward} (\`cascadeReward\`)`,
  ucas: '',
  'noisy-rewards': '',
  'clip-entropy-spurious': `${reward} (\`spuriousReward\`)`,
  tempo: '',
  'anytime-reasoner': `${strategy} that answers at several budgets (\`truncationPlan\`)`,
  capo: `${reward} with token parts (\`stepErrorColumn\`)`,
  rover: '',
  sdpo: '`teacher`, `filter.name=none`',
  ead: `${strategy} with \`annealedTemperature\``,
  dars: `${strategy} with \`extraRollouts\``,
  prof: `${reward} with token parts, one a step`,
  'ppr-renorm': `${reward} with token parts (\`renormTurns\`), \`filter.name=none\``,
  rise: `${strategy} with \`selectForVerification\`, \`filter.name=none\``,
  'prs-vspo': '',
  verpo: `${reward} with token parts (\`attemptRewards\`)`,
  'writing-zero': `${reward} from comparisons (\`pairwiseOutcomes\`)`,
  'rgr-grpo': `${strategy} that refines the best attempt`,
  rlfr: `${reward} with token parts (\`velocityDeviation\`)`,
  'crm-crf': `${reward} (\`concisenessRewards\`)`,
  spark: `${strategy} with \`planAuxiliaryItems\``,
  'co-reward': `${strategy} with paraphrases, ${reward} (\`crossRewards\`)`,
  scope: `${reward} (\`subgroupLabels\`)`,
  rlpr: `${reward} (\`probabilityReward\`)`,
  svs: `${strategy} with \`selectProblem\` and \`scoreVariants\``,
  dro: `${reward} (\`reflectiveRewards\`)`,
  'one-shot-rlvr': `${curriculum} by \`rankByHistory\``,
  'cot-pass-k': offline,
  'agent-rlvr': `${strategy} with \`preferencePairs\`, then \`objective=dpo\``,
  raif: 'an objective of its own around `raifLoss`',
  'golden-goose': `${curriculum} by \`difficultyReport\`, then \`objective=reinforce-pp-baseline\``,
  'long-cot': `${reward} with one part a discount, and an objective with values such as ppo`,
  saga: offline,
  'invisible-leash': offline,
  'alpha-align': `${reward} of packages/verify, then any group objective`,
  rere: `${strategy} with \`constrainedBeams\`, ${reward} (\`rankRewards\`)`,
  'cog-rethinker': `${strategy} with \`routeStages\``,
  'path-not-taken': offline,
  rlir: `${strategy} that generates frames, ${reward} of packages/verify`,
  latr: '`rollout.strategy=latr`',
  drive: `${curriculum} by \`selectHardest\` and \`curriculumPhase\``,
};

/** How a recipe uses a method: the objective by name, and what must stand beside it. */
export function recipeUse(name: MethodName): string {
  const parts = [isObjectiveName(name) ? `\`objective=${name}\`` : '', beside[name]];
  return parts.filter((part) => part !== '').join('; ');
}
