export {
  chain,
  decimal,
  integer,
  list,
  oneOf,
  text,
  tuple,
  where,
  type InputGrammar,
  type LengthRange,
} from './grammar.js';
export { pythonMutants, type Mutant, type MutantChoice } from './mutants.js';
export {
  generateSuite,
  minimalSuite,
  type Execute,
  type GeneratedSuite,
  type GeneratedTest,
  type ProgramOutput,
  type SuiteRequest,
  type TestOrigin,
} from './suite.js';
export {
  differentialPrompt,
  multidimensionalPrompt,
  writeInputs,
  type Complete,
  type FixedSubmission,
  type WriterRequest,
  type WrittenInputs,
} from './writer.js';
