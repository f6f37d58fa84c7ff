/** Share of groups whose rewards are all equal, which give no group-relative signal; 0 without groups. */
export function degenerateGroupRatio(groupRewards: readonly (readonly number[])[]): number {
  const equal = groupRewards.filter((rewards) => rewards.every((reward) => reward === rewards[0]));
  return groupRewards.length > 0 ? equal.length / groupRewards.length : 0;
}
