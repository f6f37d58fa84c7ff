/** The data of a reference that came as JSON text, as files and requests carry it; anything else as it is. */
export function referenceData(reference: unknown): unknown {
  if (typeof reference !== 'string') return reference;
  try {
    return JSON.parse(reference) as unknown;
  } catch {
    // Text that is no JSON stays text: the verifier says what a reference is.
    return reference;
  }
}
