export { defaultLimits, type SandboxBackend, type SandboxLimits, type SandboxReport } from './backend.js';
export { MissingPackageError, packageFolder, permissionFlag, type Permissions } from './permissions.js';
export { SandboxClosedError, SandboxPool, type SandboxPoolOptions, type SandboxPoolState } from './pool.js';
export type { ProgramCall, ProgramJob, ProgramLanguage, ProgramOutcome, ProgramResult, Sandbox } from './program.js';
