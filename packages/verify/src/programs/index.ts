export {
  attemptScript,
  QuickJsSandbox,
  scriptEscapes,
  type QuickJsOptions,
  type ScriptEscape,
} from '../javascript/index.js';
export { attemptPython, pythonEscapes, type PythonEscape } from '../python/escapes.js';
export { choosePython, type ChoosePythonOptions, type PythonChoice } from '../python/choose.js';
export { nativeEscapes, type HostBait } from '../python/native-escapes.js';
export {
  NativePythonSandbox,
  nativePythonStatus,
  type NativePythonOptions,
  type NativePythonStatus,
} from '../python/native.js';
export { NativeWallError, type NativeInterpreter } from '../python/native-wall.js';
export { PyodideSandbox, type PyodideOptions, type PythonSandbox } from '../python/sandbox.js';
export type { AssertionStep, PythonJob, PythonProgress, PythonStep, StepResult } from '../python/job.js';
export { pythonEqual, toPython, type EqualityOptions } from '../python/values.js';
export { sameOutput } from './output.js';
export { readCodeOptions, readSuite, type CodeOptions, type ScoreMode } from './reference.js';
export { runSuite, type Walls } from './run-suite.js';
export { closeSandboxes, javascriptSandbox, pythonSandbox } from './shared.js';
export {
  SuiteError,
  type CallTest,
  type ProgramTest,
  type StdinTest,
  type TestLimits,
  type TestOutcome,
  type TestResult,
  type TestSuite,
} from './tests.js';
export { extractProgram, feedbackOf, verifyCode, type CodeContext } from './verify-code.js';
