/**
 * An index space of values: tokens, rollouts, groups, the batch, or anything a method adds (spans, candidates). A fine
 * axis knows in which entry of a coarser one each of its entries lies.
 */
export class Axis {
  /** Those of parents of parents are made when they are first asked for. */
  private readonly maps = new Map<Axis, Int32Array>();
  private readonly parents: Axis[] = [];

  constructor(
    readonly name: string,
    readonly size: number,
  ) {}

  /** Says that entry i of this axis lies in entry `index[i]` of `coarse`, and hence in all that `coarse` lies in. */
  partOf(coarse: Axis, index: Int32Array): this {
    if (index.length !== this.size) {
      throw new Error(
        `Axis.partOf: index must have an entry for each of the ${this.size} of axis ${this.name}, got ${index.length}`,
      );
    }
    this.maps.set(coarse, index);
    this.parents.push(coarse);
    return this;
  }

  /** [size] The entry of `coarse` that each entry of this axis lies in; undefined when it does not lie in that axis. */
  within(coarse: Axis): Int32Array | undefined {
    const known = this.maps.get(coarse);
    if (known !== undefined) return known;
    for (const parent of this.parents) {
      const outer = parent.within(coarse);
      const inner = this.maps.get(parent);
      if (outer === undefined || inner === undefined) continue;
      const index = new Int32Array(inner.length);
      for (let i = 0; i < index.length; i++) index[i] = outer[inner[i]!]!;
      this.maps.set(coarse, index);
      return index;
    }
    return undefined;
  }
}
