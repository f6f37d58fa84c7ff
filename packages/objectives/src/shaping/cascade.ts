/** Outcomes of the stages of a generated artefact: it parses, its interface fits, and it does what was asked. */
export interface CascadeOutcome {
  readonly parses: boolean;
  readonly interfaceFits: boolean;
  readonly works: boolean;
}

/** Reward of an artefact by how far it comes. */
export interface CascadeTiers {
  readonly parseFail: number;
  /** Parses, and has the wrong interface. */
  readonly syntax: number;
  /** Has the interface, and does not work. */
  readonly interface: number;
  readonly functional: number;
}

export const CASCADE_TIERS: CascadeTiers = { parseFail: 0, syntax: 0.1, interface: 0.3, functional: 1 };

/**
 * The reward of the first stage that fails, whatever later stages say (EARL, arXiv 2511.12033; tier values inferred). A
 * tool that ran out of time or crashed counts as a failure of its stage.
 */
export function cascadeReward(
  { parses, interfaceFits, works }: CascadeOutcome,
  tiers: CascadeTiers = CASCADE_TIERS,
): number {
  if (!parses) return tiers.parseFail;
  if (!interfaceFits) return tiers.syntax;
  return works ? tiers.functional : tiers.interface;
}
