/**
 * Computes what a case expects from its inputs and parameters, both plain JSON. An adapter names the shapes it reads in
 * its own parameter types; what the file holds is checked by the comparison with `expected`.
 */
export type VectorAdapter = (inputs: never, params: never) => unknown;

/** By the name of the function under test. */
export type SlugAdapters = Readonly<Record<string, VectorAdapter>>;
