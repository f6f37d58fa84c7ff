/** The keys of a record as the non-empty list that an enum wants. */
export function namesOf<K extends string>(record: Readonly<Record<K, unknown>>): [K, ...K[]] {
  const [first, ...rest] = Object.keys(record) as K[];
  if (first === undefined) throw new Error('namesOf: the record must have a key, got none');
  return [first, ...rest];
}
