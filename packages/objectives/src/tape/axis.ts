/**
 * An index space of values: tokens, rollouts, groups, the batch, or anything a method adds (spans, candidates). A fine
 * axis knows in which entry of a coarser one each of its entries lies.
 */
export class Axis {
  private readonly maps = new Map<Axis, Int32Array>();

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
    for (const [coarser, outer] of coarse.maps) {
      this.maps.set(
        coarser,
        index.map((entry) => outer[entry]!),
      );
    }
    return this;
  }

  /** [size] The entry of `coarse` that each entry of this axis lies in; undefined when it does not lie in that axis. */
  within(coarse: Axis): Int32Array | undefined {
    return this.maps.get(coarse);
  }
}
