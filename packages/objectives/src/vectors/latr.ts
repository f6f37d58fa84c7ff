import { editRatio, rougeL, suffixMatch } from '../decoding/branch-similarity.js';
import { forkMask, LookaheadForest, type Branch, type Candidate } from '../decoding/lookahead-forest.js';
import { treeSequences, treeShare, type TreeShareSchedule } from '../methods/latr.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

interface ForkParams {
  readonly tau_abs: number;
  readonly tau_rel: number;
}

interface MarkovModel {
  /** [last token][next token] */
  readonly transition_probs: Matrix;
  readonly start_token: number;
  readonly eos: number;
  readonly pad: number;
}

interface RolloutParams extends ForkParams {
  readonly num_sequences: number;
  readonly max_branch_per_token: number;
  readonly edit_dist_thres: number | null;
  readonly suffix_match_thres: number | null;
  readonly rouge_l_thres: number | null;
  readonly filter_steps: readonly number[];
  readonly max_new_tokens: number;
  readonly return_on_full: boolean;
  readonly full_fraction: number;
  readonly non_branch_decoding: string;
}

function likeliest(probs: readonly number[], count: number): Candidate[] {
  const ranked = probs.map((prob, token) => ({ token, prob })).sort((a, b) => b.prob - a.prob);
  return ranked.slice(0, count);
}

function rolloutCase({ transition_probs, start_token, eos, pad }: MarkovModel, params: RolloutParams) {
  if (params.non_branch_decoding !== 'greedy') {
    throw new Error(`latr: tokens between forks must be greedy, got ${params.non_branch_decoding}`);
  }
  const { num_sequences: places, max_new_tokens: maxNewTokens } = params;
  const rules = {
    ...{ tauAbs: params.tau_abs, tauRel: params.tau_rel, filterSteps: params.filter_steps },
    ...{ tauEdit: params.edit_dist_thres, tauSuffix: params.suffix_match_thres, tauRouge: params.rouge_l_thres },
    ...{ exitWhenFull: params.return_on_full, fullFraction: params.full_fraction, fullDecay: 0 },
  };
  const shape = { prompts: 1, places, steps: maxNewTokens, maxNewTokens };
  const forest = new LookaheadForest(shape, rules, (tokens) => tokens.at(-1) === eos);
  const next = ({ tokens }: Branch) =>
    likeliest(transition_probs[tokens.at(-1) ?? start_token]!, params.max_branch_per_token);
  while (!forest.hasExited) forest.grow(forest.growing().map(next));
  const [branches = []] = forest.branches();
  const sequences = (forest.filled()[0] ?? []).map(({ tokens }) => tokens);
  const longest = Math.max(...sequences.map((tokens) => tokens.length));
  return {
    sequences: sequences.map((tokens) => [...tokens, ...new Array<number>(longest - tokens.length).fill(pad)]),
    pruning_ratio: forest.compared === 0 ? 0 : forest.pruned / forest.compared,
    num_branches: branches.length,
    parents: branches.map(({ parent }) => (parent === null ? null : branches.indexOf(parent))),
    birth_steps: branches.map(({ birthStep }) => birthStep),
    accumulated_logprob: branches.map(({ logProb }) => logProb),
  };
}

export const latr: SlugAdapters = {
  latrBranchMask: ({ top_probs }: { top_probs: Matrix }, { tau_abs: tauAbs, tau_rel: tauRel }: ForkParams) => ({
    mask: top_probs.map((probs) => forkMask(probs, { tauAbs, tauRel }).map(Number)),
  }),
  latrSimilarity: ({ pairs }: { pairs: readonly (readonly [readonly number[], readonly number[]])[] }) => ({
    edit_ratio: pairs.map(([a, b]) => editRatio(a, b)),
    suffix_match: pairs.map(([a, b]) => suffixMatch(a, b)),
    rouge_l: pairs.map(([a, b]) => rougeL(a, b)),
  }),
  latrMixRatio: (
    { schedule, steps }: { schedule: TreeShareSchedule; steps: readonly number[] },
    { num_sequences }: { num_sequences: number },
  ) => {
    const eta = steps.map((step) => treeShare(schedule, step));
    return { eta, tree_sequences: eta.map((share) => treeSequences(num_sequences, share)) };
  },
  latrRollout: rolloutCase,
};
