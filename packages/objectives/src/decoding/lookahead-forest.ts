import { roundHalfEven } from '../terms/select.js';
import { editRatio, rougeL, suffixMatch } from './branch-similarity.js';

/** Where the next-token distribution is undecided. */
export interface ForkRule {
  /** A candidate forks where its probability is above this ... */
  readonly tauAbs: number;
  /** ... and less than this below that of the likeliest. */
  readonly tauRel: number;
}

/** Which forks came back to their parent's text; a null test is off, and any that fires deletes. */
export interface PruneRule {
  /** Below this `editRatio`. */
  readonly tauEdit: number | null;
  /** Above this `suffixMatch`. */
  readonly tauSuffix: number | null;
  /** Above this `rougeL`. */
  readonly tauRouge: number | null;
  /** Ages in tokens at which a branch is compared with its parent, over as many last tokens. */
  readonly filterSteps: readonly number[];
}

export interface LookaheadRules extends ForkRule, PruneRule {
  /** Whether the phase may end before its last step because the trees are full. */
  readonly exitWhenFull: boolean;
  /** Share of all places from which on the forest is full, at the first step. */
  readonly fullFraction: number;
  /** What that share loses over the whole budget of a response. */
  readonly fullDecay: number;
}

export interface ForestShape {
  readonly prompts: number;
  /** Most branches of a tree, its root included; at least 1. */
  readonly places: number;
  /** Most tokens that branches grow in this phase; at least 1. */
  readonly steps: number;
  /** Budget of a response, in tokens. */
  readonly maxNewTokens: number;
}

/** One of the likeliest next tokens, with its probability at temperature 1. */
export interface Candidate {
  readonly token: number;
  readonly prob: number;
}

/** A response in progress. Its parent may still grow. */
export interface Branch {
  readonly prompt: number;
  /** null: a root. */
  readonly parent: Branch | null;
  /** Index of its first own token; 0 for a root. */
  readonly birthStep: number;
  /** From the first token of the response. */
  readonly tokens: readonly number[];
  /** Sum over the tokens. */
  readonly logProb: number;
  /** Whether it will have no more tokens. */
  readonly hasEnded: boolean;
}

interface Growing extends Branch {
  readonly tokens: number[];
  logProb: number;
  hasEnded: boolean;
}

/** [ranks from the second] Whether a candidate may fork. `probs` fall. */
export function forkMask([top = 0, ...others]: readonly number[], { tauAbs, tauRel }: ForkRule): boolean[] {
  return others.map((prob) => prob > tauAbs && top - prob < tauRel);
}

/**
 * The forks of one tree for which there are places: every branch keeps one, the rest goes to the second ranks by branch,
 * then to the third. `masks`: [branches] as `forkMask`, empty for those that have ended. What is not granted is lost.
 */
export function grantForks(masks: readonly (readonly boolean[])[], places: number): boolean[][] {
  let free = places - masks.length;
  const granted = masks.map((mask) => mask.map(() => false));
  const ranks = Math.max(0, ...masks.map((mask) => mask.length));
  for (let rank = 0; rank < ranks; rank++) {
    masks.forEach((mask, branch) => {
      if (mask[rank] !== true || free <= 0) return;
      granted[branch]![rank] = true;
      free -= 1;
    });
  }
  return granted;
}

/**
 * The tree phase of LATR (arXiv 2510.24302) over the next-token distribution of any model: one tree a prompt grows by one
 * token a step, greedily, forks where the model is undecided, and loses the forks that come back to their parent's text.
 *
 *     const forest = new LookaheadForest(shape, rules, ended);
 *     while (!forest.hasExited) forest.grow(forest.growing().map(likeliestNextTokens));
 *
 * Trees share nothing but the decision to stop. Every step costs one pass over `growing()`.
 */
export class LookaheadForest {
  /** Branches that were compared with their parent, and those of them that were deleted for it. */
  compared = 0;
  pruned = 0;
  private trees: Growing[][];
  private step = 0;
  private exited = false;

  /** `ended`: whether a response is complete with these tokens; asked once for each length. */
  constructor(
    private readonly shape: ForestShape,
    private readonly rules: LookaheadRules,
    private readonly ended: (tokens: readonly number[], prompt: number) => boolean,
  ) {
    const { prompts, places, steps } = shape;
    if (!(places >= 1 && steps >= 1)) {
      throw new Error(
        `LookaheadForest: needs a place and a step at least, got ${places} and ${steps}; sample without trees instead`,
      );
    }
    const root = { parent: null, birthStep: 0, logProb: 0, hasEnded: false };
    this.trees = Array.from({ length: prompts }, (_, prompt) => [{ ...root, prompt, tokens: [] }]);
    this.exited = prompts === 0;
  }

  /** Whether the phase is over: what has not ended is sampled from here on. */
  get hasExited(): boolean {
    return this.exited;
  }

  /** Branches that need a next token, tree by tree, the older first. */
  growing(): Branch[] {
    return this.trees.flat().filter((branch) => !branch.hasEnded);
  }

  /** [prompts][places] The branches, the older first, and the root again in every place that none took. */
  filled(): Branch[][] {
    return this.trees.map((tree) => Array.from({ length: this.shape.places }, (_, i) => tree[i] ?? tree[0]!));
  }

  /** [prompts] The branches alone, the older first. */
  branches(): readonly (readonly Branch[])[] {
    return this.trees;
  }

  /** One token for every growing branch. `candidates`: for each of `growing()` the likeliest tokens, likeliest first. */
  grow(candidates: readonly (readonly Candidate[])[]): void {
    const growing = this.growing();
    if (this.exited || candidates.length !== growing.length || candidates.some((ranked) => ranked.length === 0)) {
      throw new Error(
        `LookaheadForest.grow: needs candidates for each of ${growing.length} branches before the exit, got ` +
          `${candidates.length}; look at hasExited and growing()`,
      );
    }
    const ranked = new Map<Branch, readonly Candidate[]>(growing.map((branch, i) => [branch, candidates[i]!]));
    this.trees = this.trees.map((tree) => this.prune([...tree, ...this.lengthen(tree, ranked)]));
    this.exited = this.shouldExit();
    this.step += 1;
  }

  /** Appends the likeliest token to each branch of a tree; returns the forks. */
  private lengthen(tree: readonly Growing[], ranked: ReadonlyMap<Branch, readonly Candidate[]>): Growing[] {
    const candidates = tree.map((branch) => ranked.get(branch) ?? []);
    const masks = candidates.map((each) =>
      forkMask(
        each.map(({ prob }) => prob),
        this.rules,
      ),
    );
    const granted = grantForks(masks, this.shape.places);
    const forks = tree.flatMap((parent, i) =>
      candidates[i]!.slice(1)
        .filter((_, rank) => granted[i]![rank])
        .map((candidate) => this.fork(parent, candidate)),
    );
    tree.forEach((branch, i) => {
      const [first] = candidates[i]!;
      if (first !== undefined) this.append(branch, first);
    });
    return forks;
  }

  private fork(parent: Growing, candidate: Candidate): Growing {
    const branch = { ...parent, parent, birthStep: this.step, tokens: [...parent.tokens] };
    this.append(branch, candidate);
    return branch;
  }

  private append(branch: Growing, { token, prob }: Candidate): void {
    branch.tokens.push(token);
    branch.logProb += Math.log(prob);
    branch.hasEnded = this.ended(branch.tokens, branch.prompt);
  }

  /** The tree without branches that are too much like their parent, and without what descends from them. */
  private prune(tree: readonly Growing[]): Growing[] {
    const length = this.step + 1;
    const lost = new Set<Branch>();
    for (const branch of tree) {
      const { parent, birthStep } = branch;
      if (parent === null || !this.rules.filterSteps.includes(length - birthStep)) continue;
      if (branch.hasEnded || parent.hasEnded) continue;
      this.compared += 1;
      if (!this.areAlike(branch.tokens.slice(birthStep), parent.tokens.slice(birthStep))) continue;
      this.pruned += 1;
      lost.add(branch);
    }
    // Parents stand before their children.
    for (const branch of tree) if (branch.parent !== null && lost.has(branch.parent)) lost.add(branch);
    return tree.filter((branch) => !lost.has(branch));
  }

  private areAlike(a: readonly number[], b: readonly number[]): boolean {
    const { tauEdit, tauSuffix, tauRouge } = this.rules;
    return (
      (tauEdit !== null && editRatio(a, b) < tauEdit) ||
      (tauSuffix !== null && suffixMatch(a, b) > tauSuffix) ||
      (tauRouge !== null && rougeL(a, b) > tauRouge)
    );
  }

  private shouldExit(): boolean {
    if (this.step + 1 >= this.shape.steps) return true;
    if (this.trees.every((tree) => tree.every(({ hasEnded }) => hasEnded))) return true;
    return this.rules.exitWhenFull && this.isFull() && this.trees.flat().every((branch) => this.isSettled(branch));
  }

  /** Trees that have ended count as full. */
  private isFull(): boolean {
    const { places, prompts, maxNewTokens } = this.shape;
    const { fullFraction, fullDecay } = this.rules;
    const taken = this.trees.map((tree) => (tree.every(({ hasEnded }) => hasEnded) ? places : tree.length));
    const share = fullFraction - (fullDecay * this.step) / maxNewTokens;
    return taken.reduce((sum, count) => sum + count, 0) >= roundHalfEven(places * prompts * share);
  }

  /** Whether the branch has passed its last comparison. */
  private isSettled({ birthStep }: Branch): boolean {
    return this.step > birthStep + Math.max(...this.rules.filterSteps);
  }
}
