/** A folder of a vision model cannot be used. One line: the function, the rule, what was got and what to do. */
export class VisionModelError extends Error {
  // The command line prints errors of this name as one line.
  override readonly name = 'UserError';
}
